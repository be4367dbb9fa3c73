// Everybody's cards, and the words of new pictures read aloud by a screen reader: politely, and not all of them.

import { byId, element, setText } from "./dom.js";
import { Person, doing } from "./person.js";

const SPEAK_EVERY_MS = 6000; // who listens to a screen reader also listens to the call
const SPOKEN_KEPT = 4;

export class People {
  #section = byId("people");
  #cards = new Map();
  #open;
  #spoken = new Spoken(byId("spoken"));

  constructor(open) {
    this.#open = open;
  }

  /** All of them, as the call has them now; cards of those who stay are kept, with the focus that is in them. */
  reset(call) {
    for (const [id, card] of this.#cards) {
      if (call.people.has(id)) continue;
      card.node.remove();
      this.#cards.delete(id);
    }
    for (const person of ordered(call)) this.person(call, person.id);
    this.#showAlone(call);
  }

  person(call, id) {
    const person = call.people.get(id);
    if (!this.#cards.has(id)) this.#add(id, person);
    this.#cards.get(id).show(person, call.you);
    this.#showAlone(call);
  }

  /** What is said of one's own camera changed. */
  you(call) {
    const own = call.people.get(call.you?.person);
    this.#cards.get(own?.id)?.show(own, call.you);
  }

  gone(call, id) {
    this.#cards.get(id)?.node.remove();
    this.#cards.delete(id);
    this.#showAlone(call);
  }

  picture(call, id, picture) {
    const person = call.people.get(id);
    this.#cards.get(id)?.show(person, call.you);
    const name = person.you ? "You" : person.name;
    if (call.kind !== "replay") this.#spoken.say(id, `${name}: ${picture.words}`);
  }

  screen(call, id) {
    this.#cards.get(id)?.showScreen(call.people.get(id));
  }

  meters(call) {
    for (const [id, card] of this.#cards) {
      const person = call.people.get(id);
      card.showMeters(person);
      setText(card.node.querySelector(".doing"), doing(person));
    }
  }

  focusStrip(id, sequence) {
    this.#cards.get(id)?.focusStrip(sequence);
  }

  #add(id, person) {
    const card = new Person(id, this.#open);
    this.#cards.set(id, card);
    const you = [...this.#cards.values()].find((each) => each.node.hasAttribute("data-you"));
    card.node.toggleAttribute("data-you", person.you);
    this.#section.insertBefore(card.node, person.you ? null : (you?.node ?? null));
  }

  #showAlone(call) {
    const alone = byId("alone");
    const others = call.others.length;
    this.#section.toggleAttribute("data-pair", others === 1 && others < this.#cards.size);
    alone.hidden = others > 0;
    setText(alone, call.kind === "replay" ? "Nobody is to be seen at this moment." : "Nobody else is here yet.");
  }
}

const ordered = (call) => [...call.people.values()].sort((one, other) => one.you - other.you);

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
