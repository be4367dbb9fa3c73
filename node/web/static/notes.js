// What happened and what went wrong, in words: the newest first, and what needs a person's eye for a while in sight.

import { byId, element, setText, timeOfDay } from "./dom.js";

const TROUBLE_MS = 8000;

export class Notes {
  #list = byId("notes");

  show(notes) {
    this.#list.replaceChildren(...[...notes].reverse().map(line));
  }

  add(note, most) {
    this.#list.prepend(line(note));
    while (this.#list.childElementCount > most) this.#list.lastElementChild.remove();
    if (note.problem) trouble(note.text);
  }
}

function line({ at, text, problem }) {
  const time = element("time", { text: timeOfDay(at), datetime: new Date(at * 1000).toISOString() });
  return element("li", problem ? { className: "problem" } : {}, time, " ", element("span", { text, dir: "auto" }));
}

let hiding = 0;

/** Something a person should know now. It lies over the page and moves nothing. */
export function trouble(text) {
  const place = byId("trouble");
  clearTimeout(hiding);
  setText(place, text);
  place.toggleAttribute("data-shown", text !== "");
  if (text !== "") hiding = setTimeout(() => trouble(""), TROUBLE_MS);
}
