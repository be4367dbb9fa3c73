// Push to talk: a button that is held, or the space key wherever on the page it means nothing else. Who has the floor.

import { byId, setAttribute, setText } from "./dom.js";
import { trouble } from "./banner.js";
import { post } from "./requests.js";

const AGAIN_MS = 2000; // the node takes the floor back from a page that says nothing for five seconds
const MEANS_ELSE = "input, textarea, select, button, a, summary, dialog, [tabindex='0']";

export class Talk {
  #button = byId("talk");
  #call;
  #begin;
  #held = false;
  #timer = 0;
  #asking = Promise.resolve();

  /** `begin()` turns the page's microphone on, if it is off, and says whether it is on then: none keeps nobody waiting. */
  constructor(call, begin) {
    this.#call = call;
    this.#begin = begin;
    const button = this.#button;
    button.addEventListener("pointerdown", (event) => event.button === 0 && this.#hold(true));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) addEventListener(name, () => this.#hold(false));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("click", (event) => event.pointerType || event.detail || this.#hold(!this.#held));
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("blur", () => this.#hold(false));
    addEventListener("pagehide", () => this.#hold(false));
    addEventListener("visibilitychange", () => document.hidden && this.#hold(false));
  }

  show() {
    const { you } = this.#call;
    const floor = you?.floor ?? null;
    this.#button.hidden = floor === null;
    if (floor === null) this.#set(false); // a node that is begun anew without push to talk has nothing to give back
    setAttribute(this.#button, "aria-pressed", String(floor === "yours"));
    this.#button.dataset.floor = floor ?? "";
    setText(this.#button, this.#said(floor));
  }

  /** The page leaves the call. */
  stop() {
    this.#hold(false);
  }

  #said(floor) {
    if (floor === "yours") return "Everybody hears you";
    if (floor === "asked") return "Asking…";
    const speaker = this.#call.others.find((person) => person.floor);
    return floor === "taken" && speaker ? `${speaker.name} speaks` : "Hold to talk";
  }

  #key(event, down) {
    if ((event.key !== " " && event.code !== "Space") || this.#button.hidden) return;
    if (down && !this.#isFor(event)) return; // let go, it is let go, whatever else is held by then
    if (down || this.#held) event.preventDefault(); // no click of the button, no scrolling
    if (!event.repeat) this.#hold(down);
  }

  #isFor({ target, altKey, ctrlKey, metaKey }) {
    if (altKey || ctrlKey || metaKey || this.#button.closest("[inert]")) return false;
    return target === this.#button || !target.closest?.(MEANS_ELSE);
  }

  #hold(held) {
    if (held === this.#held || this.#button.hidden) return;
    this.#set(held);
    this.#ask({ on: held });
    if (!held) return;
    this.#timer = setInterval(() => this.#ask({ on: true, again: true }), AGAIN_MS);
    this.#begin().then((is_on) => is_on || this.#hold(false)).catch((error) => this.#fail(error));
  }

  #set(held) {
    this.#held = held;
    clearInterval(this.#timer);
  }

  /** Ask one after the other: a wish that overtook the one before would leave the floor taken. */
  #ask(wish) {
    this.#asking = this.#asking.then(() => post("/talk", wish)).catch((error) => this.#fail(error));
  }

  #fail(error) {
    trouble(error.message);
    this.#hold(false);
  }
}
