// Everybody's tiles, as large as the window allows, and the words of new pictures for a screen reader: politely, and
// not all of them.

import { byId, element, setText } from "./dom.js";
import { Tile } from "./tile.js";

const SPEAK_EVERY_MS = 6000; // who listens to a screen reader also listens to the call
const SPOKEN_KEPT = 4;
const GAP_PX = 8;

export class Stage {
  #place = byId("people");
  #tiles = new Map();
  #open;
  #spoken = new Spoken(byId("spoken"));

  constructor(open) {
    this.#open = open;
    new ResizeObserver(() => this.#arrange()).observe(this.#place);
  }

  /** Everybody there is, as the call has them now; tiles of those who stay are kept, with the focus in them. */
  reset(call) {
    const people = onStage(call);
    const ids = new Set(people.map((person) => person.id));
    for (const [id, tile] of this.#tiles) {
      if (ids.has(id)) continue;
      tile.node.remove();
      this.#tiles.delete(id);
    }
    for (const person of people) this.#show(call, person);
    this.#arrange();
    const { kind } = call;
    byId("alone").hidden = people.length > 0;
    setText(byId("alone-said"), kind === "replay" ? "Nobody is to be seen at this moment" : "Nobody else is here yet");
  }

  person(call) {
    this.reset(call);
  }

  picture(call, id, picture) {
    this.reset(call);
    const person = call.people.get(id);
    const name = person.you ? "You" : person.name;
    if (call.kind !== "replay") this.#spoken.say(id, `${name}: ${picture.words}`);
  }

  tile(id) {
    return this.#tiles.get(id);
  }

  screen(call, id) {
    this.#tiles.get(id)?.showScreen(call.people.get(id));
  }

  tick(call) {
    for (const [id, tile] of this.#tiles) tile.show(call.people.get(id), call.models);
  }

  #show(call, person) {
    if (!this.#tiles.has(person.id)) {
      this.#tiles.set(person.id, new Tile(person.id, this.#open));
      this.#place.append(this.#tiles.get(person.id).node);
    }
    this.#tiles.get(person.id).show(person, call.models);
  }

  #arrange() {
    const { clientWidth: width, clientHeight: height } = this.#place;
    const [columns, rows] = grid(this.#tiles.size, width, height);
    this.#place.style.setProperty("--columns", columns);
    this.#place.style.setProperty("--rows", rows);
    this.#place.toggleAttribute("data-many", this.#tiles.size > 1);
  }
}

/** The columns and rows in which so many pictures are largest. */
export function grid(count, width, height) {
  let best = [1, 1];
  let largest = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const wide = (width - GAP_PX * (columns - 1)) / columns;
    const high = (height - GAP_PX * (rows - 1)) / rows;
    const side = Math.min(wide, high);
    if (side > largest) [best, largest] = [[columns, rows], side];
  }
  return best;
}

/** The others; those who left only while nobody else is here. */
function onStage(call) {
  const here = call.others.filter((person) => person.here);
  return here.length ? here : call.others;
}

/** A live region. Of words that come faster than they can be read, only each person's newest are, and only once. */
class Spoken {
  #region;
  #waiting = new Map();
  #said = new Map();
  #timer = 0;
  #last = -Infinity;

  constructor(region) {
    this.#region = region;
  }

  say(id, text) {
    if (this.#said.get(id) === text) return;
    this.#said.set(id, text);
    this.#waiting.set(id, text);
    if (this.#timer) return;
    const wait = Math.max(0, this.#last + SPEAK_EVERY_MS - performance.now());
    this.#timer = setTimeout(() => this.#flush(), wait);
  }

  #flush() {
    this.#timer = 0;
    this.#last = performance.now();
    for (const text of this.#waiting.values()) this.#region.append(element("p", { text }));
    this.#waiting.clear();
    while (this.#region.childElementCount > SPOKEN_KEPT) this.#region.firstElementChild.remove();
  }
}
