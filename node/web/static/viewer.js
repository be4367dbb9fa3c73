// One picture, large, in a dialog: what was painted, what the camera saw, the words, and what they took.

import { byId, count, element, icon, plural, setText, timeOfDay } from "./dom.js";
import { Screen } from "./screen.js";

export class Viewer {
  #dialog = byId("viewer");
  #closed;
  #call = null;
  #id = "";
  #sequence = 0;
  #parts;
  #painted;
  #seen;

  /** `closed(id, sequence)` is called when the dialog is left, for the focus to go where that picture is. */
  constructor(closed) {
    this.#closed = closed;
    this.#build();
    this.#dialog.addEventListener("close", () => closed(this.#id, this.#sequence));
    this.#dialog.addEventListener("keydown", (event) => this.#key(event));
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open(call, id, sequence) {
    const person = call.people.get(id);
    const shown = person?.pictures.find((each) => each.sequence === sequence) ?? person?.pictures.at(-1);
    if (shown === undefined) return;
    this.#call = call;
    this.#id = id;
    this.#show(shown);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** The person or the picture may be gone, and new ones may have come. */
  refresh() {
    if (!this.#dialog.open) return;
    if (this.#pictures.length === 0) this.#dialog.close();
    else this.#show(this.#pictures[this.#at]);
  }

  get #pictures() {
    return this.#call?.people.get(this.#id)?.pictures ?? [];
  }

  #build() {
    const button = (name, label, act) => {
      const made = element("button", { type: "button", className: `step ${name}`, "aria-label": label }, icon(name));
      made.addEventListener("click", act);
      return made;
    };
    const painted = element("div", { className: "frame" });
    const seen = element("div", { className: "frame" });
    this.#parts = {
      name: element("h2"),
      close: button("close", "Close", () => this.#dialog.close()),
      paintedBy: element("figcaption"),
      seenFigure: element("figure", {}, seen, element("figcaption", { text: "What the camera saw" })),
      words: element("p", { id: "viewer-words", className: "words", dir: "auto" }),
      figures: element("p", { className: "facts" }),
      earlier: button("earlier", "Earlier picture", () => this.#step(-1)),
      later: button("later", "Later picture", () => this.#step(1)),
      place: element("p", { className: "place" }),
    };
    const { name, close, paintedBy, seenFigure, words, figures, earlier, later, place } = this.#parts;
    this.#painted = new Screen(painted);
    this.#seen = new Screen(seen);
    this.#dialog.append(
      element("header", {}, name, close),
      element("div", { className: "pair" }, element("figure", {}, painted, paintedBy), seenFigure),
      words,
      figures,
      element("footer", {}, earlier, place, later),
    );
  }

  /** Shows a picture; one that is kept no longer stays as it was. */
  #show(picture) {
    if (picture === undefined) return this.#showSteps();
    const person = this.#call.people.get(this.#id);
    this.#sequence = picture.sequence;
    setText(this.#parts.name, person.name);
    setText(this.#parts.words, picture.words);
    setText(this.#parts.figures, facts(picture));
    setText(this.#parts.paintedBy, origin(picture, person));
    this.#painted.show(picture.url ?? picture.snapshot);
    this.#parts.seenFigure.hidden = !(picture.url && picture.snapshot);
    this.#seen.show(picture.url ? picture.snapshot : null);
    this.#showSteps();
  }

  #showSteps() {
    const at = this.#at;
    const { earlier, later, place } = this.#parts;
    earlier.disabled = at <= 0;
    later.disabled = at >= this.#pictures.length - 1;
    setText(place, at < 0 ? "No longer kept" : `${at + 1} of ${this.#pictures.length}`);
  }

  get #at() {
    return this.#pictures.findIndex((each) => each.sequence === this.#sequence);
  }

  #step(by) {
    const picture = this.#pictures[Math.max(0, this.#at) + by];
    if (picture !== undefined) this.#show(picture);
  }

  #key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.#step(by);
  }
}

/** What the larger of two pictures is, or the only one. */
function origin({ url, snapshot }, { you }) {
  if (url) return "Painted from the words";
  if (!snapshot) return "Not painted here";
  return you ? "What your camera saw" : "What the camera saw";
}

/** When it was sent, and what it took, in a line; what is not known is left out. */
export function facts({ at, bits, bytes, wire_bytes: wire, ratio }) {
  return [
    `sent ${timeOfDay(at)}`,
    bits && `${plural(bits, "bit", "bits")} of words`,
    bytes && `${plural(bytes, "byte", "bytes")} of frame`,
    wire && `${plural(wire, "byte", "bytes")} on the wire`,
    ratio && `${count(ratio)} : 1 against the raw picture`,
  ]
    .filter(Boolean)
    .join(" · ");
}
