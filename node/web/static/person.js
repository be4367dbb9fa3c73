// One person's card: the painted picture, the words under it, what they took, earlier pictures, meters.

import { UNKNOWN, count, fromTemplate, orUnknown, plural, setAttribute, setText, timeOfDay } from "./dom.js";
import { Meters } from "./meters.js";
import { Screen } from "./screen.js";
import { Strip } from "./strip.js";

const LINKS = {
  connecting: "connecting the speech",
  again: "the speech broke off; connecting again",
};

const SIGHTS = { photo: ", a real one", nobody: ": nobody is there now" };

export class Person {
  #part = (selector) => this.node.querySelector(selector);
  #painted;
  #seen;
  #strip;
  #meters;

  /** `open(id, sequence)` is called for the picture that somebody wants to see large; null for the newest. */
  constructor(id, open) {
    this.node = fromTemplate("person-template");
    this.node.dataset.person = id;
    const heading = this.#part("h2");
    heading.id = `name-${id}`;
    setAttribute(this.node, "aria-labelledby", heading.id);
    this.#painted = new Screen(this.#part(".painted .frame"));
    this.#seen = new Screen(this.#part(".seen .frame"));
    this.#strip = new Strip(this.#part(".strip"), (sequence) => open(id, sequence));
    this.#meters = new Meters(this.#part(".meters"));
    this.#part(".painted .frame").addEventListener("click", () => open(id, null));
  }

  /** `you` is what the node says of one's own part. */
  show(person, you) {
    this.#showName(person);
    this.#showPictures(person, you);
    this.showMeters(person);
  }

  showMeters(person) {
    this.#meters.show(person.meters, person.history);
    this.node.toggleAttribute("data-talking", person.meters?.talking === true);
  }

  showScreen(person) {
    const newest = person.pictures.at(-1);
    const seen = person.pictures.findLast((each) => each.snapshot)?.snapshot;
    this.#painted.show((person.you ? seen : (person.screen ?? newest?.url ?? newest?.snapshot)) ?? null);
  }

  focusStrip(sequence) {
    this.#strip.focus(sequence);
  }

  #showName(person) {
    setText(this.#part("h2"), person.you ? `${person.name} (you)` : person.name);
    setText(this.#part(".doing"), doing(person));
    this.node.toggleAttribute("data-away", !person.here);
    this.node.toggleAttribute("data-painting", person.painting !== null);
    setAttribute(this.#part(".strip"), "aria-label", `Earlier pictures of ${person.name}`);
  }

  #showPictures(person, you) {
    const newest = person.pictures.at(-1);
    setText(this.#part(".words"), person.painting?.words ?? newest?.words ?? noWords(person));
    this.node.toggleAttribute("data-none", !person.painting && !newest);
    this.#showFigures(newest);
    if (person.you) this.#showOwn(person, newest, you);
    else this.#showSnapshot(newest);
    this.showScreen(person);
    this.#part(".painted .frame").disabled = newest === undefined;
    setAttribute(this.#part(".painted .frame"), "aria-label", `Open ${person.name}'s picture`);
    this.#strip.show(person.pictures);
  }

  #showSnapshot(newest) {
    setText(this.#part(".painted figcaption"), "Painted from the words");
    this.#showBeside(newest?.snapshot, "What the camera saw");
  }

  /** What one's own camera saw comes first, and what the others see of it beside, where this node paints that. */
  #showOwn(person, newest, you) {
    const painted = person.pictures.findLast((each) => each.url);
    setText(this.#part(".painted figcaption"), `Your camera${SIGHTS[you?.sight] ?? ""}`);
    this.node.toggleAttribute("data-behind", painted !== newest);
    this.#showBeside(painted?.url, "What the others see");
  }

  #showBeside(url, what) {
    this.node.toggleAttribute("data-seen", Boolean(url));
    setText(this.#part(".seen figcaption"), url ? what : "");
    this.#seen.show(url ?? null);
  }

  #showFigures(newest) {
    setText(this.#part(".bits"), newest ? plural(newest.bits, "bit", "bits") : UNKNOWN);
    setText(this.#part(".bytes"), newest ? plural(newest.bytes, "byte", "bytes") : UNKNOWN);
    setText(this.#part(".wire"), newest ? plural(newest.wire_bytes, "byte", "bytes") : UNKNOWN);
    setText(this.#part(".ratio"), orUnknown(newest?.ratio, (ratio) => `${count(ratio)} : 1`));
    setText(this.#part(".sent"), newest ? timeOfDay(newest.at) : UNKNOWN);
  }
}

/** What is under way, in words. */
export function doing(person) {
  if (!person.here) return "has left";
  if (person.painting) return "painting…";
  if (LINKS[person.link]) return LINKS[person.link];
  if (person.meters?.talking) return "talking";
  return "";
}

function noWords(person) {
  if (!person.shows) return person.you ? "You send no pictures." : "Sends no pictures.";
  return "No picture yet.";
}
