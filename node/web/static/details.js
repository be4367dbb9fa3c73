// What the call takes and what happened: figures, earlier pictures and meters of each person, and notes. Drawn only
// while its drawer is open.

import { UNKNOWN, byId, count, element, fromTemplate, orUnknown, plural, setAttribute, setText, timeOfDay } from "./dom.js";
import { trouble } from "./banner.js";
import { Meters } from "./meters.js";
import { Strip } from "./strip.js";
import { doing } from "./tile.js";

const WAYS = { direct: "speech directly", broker: "speech by the broker" };

export class Details {
  #place = byId("cards");
  #notes = byId("notes");
  #cards = new Map();
  #open;

  constructor(open) {
    this.#open = open;
  }

  get #isShown() {
    return !byId("details").hidden;
  }

  /** The drawer was opened. */
  show(call) {
    this.reset(call);
  }

  reset(call) {
    this.#notes.replaceChildren(...[...call.notes].reverse().map(line));
    const { video_kbps: video, what, source } = call.reference ?? {};
    setText(byId("reference"), video ? `Ordinary video: ${video} kbit/s, ${what} (${source}).` : "");
    for (const [id, card] of this.#cards) {
      if (call.people.has(id)) continue;
      card.node.remove();
      this.#cards.delete(id);
    }
    for (const id of call.people.keys()) this.person(call, id);
  }

  person(call, id) {
    if (!this.#isShown) return;
    if (!this.#cards.has(id)) {
      this.#cards.set(id, new Card(id, this.#open));
      this.#place.append(this.#cards.get(id).node);
    }
    this.#cards.get(id).show(call.people.get(id));
  }

  tick(call) {
    if (this.#isShown) for (const [id, card] of this.#cards) card.tick(call.people.get(id));
  }

  note(note, most) {
    this.#notes.prepend(line(note));
    while (this.#notes.childElementCount > most) this.#notes.lastElementChild.remove();
    if (note.problem) trouble(note.text);
  }

  focusStrip(id, sequence) {
    this.#cards.get(id)?.strip.focus(sequence);
  }
}

class Card {
  #part = (selector) => this.node.querySelector(selector);
  #meters;

  constructor(id, open) {
    this.node = fromTemplate("card-template");
    this.node.dataset.card = id;
    this.strip = new Strip(this.#part(".strip"), (sequence) => open(id, sequence));
    this.#meters = new Meters(this.#part(".meters"));
  }

  show(person) {
    const newest = person.pictures.at(-1);
    setText(this.#part("h3"), person.you ? `${person.name} (you)` : person.name);
    setText(this.#part(".bits"), orUnknown(newest?.bits, (bits) => plural(bits, "bit", "bits")));
    setText(this.#part(".bytes"), orUnknown(newest?.bytes, bytes));
    setText(this.#part(".wire"), orUnknown(newest?.wire_bytes, bytes));
    setText(this.#part(".ratio"), orUnknown(newest?.ratio, (ratio) => `${count(ratio)} : 1`));
    setText(this.#part(".sent"), newest ? timeOfDay(newest.at) : UNKNOWN);
    setAttribute(this.#part(".strip"), "aria-label", `Earlier pictures of ${person.name}`);
    this.#part(".strip").hidden = newest === undefined;
    this.strip.show(person.pictures);
    this.tick(person);
  }

  tick(person) {
    setText(this.#part(".doing"), [doing(person), WAYS[person.route]].filter(Boolean).join(" · "));
    this.#meters.show(person.meters, person.history);
  }
}

const bytes = (value) => plural(value, "byte", "bytes");

function line({ at, text, problem }) {
  const time = element("time", { text: timeOfDay(at), datetime: new Date(at * 1000).toISOString() });
  return element("li", problem ? { className: "problem" } : {}, time, " ", element("span", { text, dir: "auto" }));
}
