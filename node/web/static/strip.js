// The film strip: a person's earlier pictures, oldest first. One stop for the Tab key; arrows go along it.

import { element, setAttribute, timeOfDay } from "./dom.js";
import { picture } from "./screen.js";

const AT_END_PX = 24;

export class Strip {
  #list;
  #open;
  #frames = new Map();
  #follows = true; // the newest is in sight, and shall stay so

  /** `open(sequence)` is called for the picture that was chosen. */
  constructor(list, open) {
    this.#list = list;
    this.#open = open;
    list.addEventListener("keydown", (event) => this.#move(event));
    list.addEventListener("focusin", (event) => this.#stopAt(event.target));
    list.addEventListener("scroll", () => (this.#follows = this.#isAtEnd()), { passive: true });
    new ResizeObserver(() => this.#follow()).observe(list);
  }

  show(pictures) {
    const kept = new Set(pictures.map((each) => each.sequence));
    for (const sequence of this.#frames.keys()) if (!kept.has(sequence)) this.#drop(sequence);
    pictures.forEach((each, place) => this.#place(each, this.#list.children[place] ?? null));
    if (this.#buttons.length && !this.#list.querySelector("[tabindex='0']")) this.#stopAt(this.#buttons.at(-1));
    this.#follow();
  }

  focus(sequence) {
    this.#frames.get(sequence)?.firstElementChild.focus();
  }

  #place(each, there) {
    const frame = this.#frames.get(each.sequence) ?? this.#add(each.sequence);
    fill(frame.firstElementChild, each);
    if (frame !== there) this.#list.insertBefore(frame, there);
  }

  #add(sequence) {
    const button = element("button", { type: "button", tabindex: "-1" });
    button.addEventListener("click", () => this.#open(sequence));
    const frame = element("li", {}, button);
    this.#frames.set(sequence, frame);
    return frame;
  }

  #drop(sequence) {
    const frame = this.#frames.get(sequence);
    const hadFocus = frame.contains(document.activeElement);
    this.#frames.delete(sequence);
    frame.remove();
    if (hadFocus) this.#buttons[0]?.focus();
  }

  get #buttons() {
    return [...this.#list.querySelectorAll("button")];
  }

  #follow() {
    if (this.#follows) this.#list.scrollLeft = this.#list.scrollWidth;
  }

  #isAtEnd() {
    const { scrollLeft, scrollWidth, clientWidth } = this.#list;
    return scrollLeft + clientWidth >= scrollWidth - AT_END_PX;
  }

  #stopAt(button) {
    for (const each of this.#buttons) setAttribute(each, "tabindex", each === button ? "0" : "-1");
  }

  #move(event) {
    const buttons = this.#buttons;
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[Math.max(0, Math.min(to, buttons.length - 1))].focus();
  }
}

/** A picture's words come before the picture itself does. */
function fill(button, each) {
  setAttribute(button, "aria-label", `${timeOfDay(each.at)}: ${each.words}`);
  const url = each.url ?? each.snapshot;
  if (url === null || button.firstElementChild?.getAttribute("src") === url) return;
  button.replaceChildren(picture(url, "lazy"));
}
