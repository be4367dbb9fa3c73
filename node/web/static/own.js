// One's own corner: what one's camera shows, and on a tap what the others see of it.

import { byId, setAttribute, setText } from "./dom.js";
import { Screen } from "./screen.js";

const SIGHTS = { nobody: "You: nobody is seen" };

export class Own {
  #node = byId("own");
  #screen = new Screen(this.#node.querySelector(".frame"));
  #turned = false;
  #call = null;

  constructor() {
    this.#node.addEventListener("click", () => {
      this.#turned = !this.#turned;
      this.show(this.#call);
    });
  }

  show(call) {
    this.#call = call;
    const person = call.people.get(call.you?.person);
    this.#node.hidden = !person?.you;
    if (this.#node.hidden) return;
    const newest = person.pictures.at(-1);
    const painted = person.pictures.findLast((each) => each.url);
    const turned = this.#turned && newest !== undefined;
    const words = turned ? (painted ?? newest).words : "";
    this.#screen.show((turned ? painted?.url : person.pictures.findLast((each) => each.snapshot)?.snapshot) ?? null);
    setText(byId("own-said"), turned ? "What the others see" : (SIGHTS[call.you.sight] ?? "You"));
    setText(byId("own-words"), turned && painted ? "" : words);
    setAttribute(this.#node, "aria-pressed", String(turned));
    setAttribute(this.#node, "data-turned", String(turned));
    this.#node.toggleAttribute("data-behind", turned && painted !== undefined && painted !== newest);
    this.#node.title = words;
  }
}
