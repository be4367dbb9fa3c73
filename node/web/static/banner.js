// One calm line over the call: what holds now, or for a while what went wrong.

import { byId, setText } from "./dom.js";

const TROUBLE_MS = 8000;

let standing = ["", null];
let hiding = 0;

export class Banner {
  constructor() {
    byId("banner-act").addEventListener("click", () => standing[1]?.[1]());
  }

  /** Holds until there is another one; "" for none. `act` is a button's name and what it does. */
  stand(text, act) {
    standing = [text, act];
    if (!hiding) show(...standing);
  }
}

/** Something a person should know now. */
export function trouble(text) {
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    hiding = 0;
    show(...standing);
  }, TROUBLE_MS);
  show(text, null);
}

function show(text, act) {
  setText(byId("trouble"), text);
  byId("banner").toggleAttribute("data-shown", text !== "");
  byId("banner-act").hidden = act === null;
  setText(byId("banner-act"), act?.[0] ?? "");
}
