// A recording: play and pause, seek, speed. Space and the arrow keys do so from anywhere on the page.

import { byId, duration, element, icon, setAttribute, setText } from "./dom.js";
import { trouble } from "./banner.js";
import { post } from "./requests.js";

const SPEEDS = [0.5, 1, 1.5, 2, 4, 8];
const STEP_S = 5;
const OWN_KEYS = "button, select, input, dialog, [role=slider]";

export class Replay {
  #section = byId("replay");
  #state = null;
  #parts;
  #dragging = false;

  constructor() {
    this.#build();
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("click", (event) => this.#release(event));
  }

  show(state) {
    this.#state = state;
    this.#section.hidden = state === null;
    if (state === null) return;
    const { play, seek, time, speed } = this.#parts;
    setAttribute(play, "aria-label", state.playing ? "Pause" : "Play");
    play.replaceChildren(icon(state.playing ? "pause" : "play"));
    setAttribute(seek, "max", String(state.duration));
    if (!this.#dragging) this.#showPosition(state.position);
    setText(time, `${duration(state.position)} / ${duration(state.duration)}`);
    if (document.activeElement !== speed) this.#showSpeed(state.speed);
  }

  #build() {
    const play = element("button", { type: "button", className: "step" });
    const seek = element("input", { type: "range", min: "0", max: "0", step: "0.1", "aria-label": "Position" });
    const time = element("span", { className: "time" });
    const speed = element("select", { "aria-label": "Speed" });
    for (const each of SPEEDS) speed.append(choice(each));
    play.addEventListener("click", () => this.#toggle());
    seek.addEventListener("input", () => this.#drag());
    seek.addEventListener("change", () => this.#drop());
    for (const name of ["pointerup", "pointercancel", "blur"]) seek.addEventListener(name, () => (this.#dragging = false));
    speed.addEventListener("change", () => this.#ask("/replay/speed", { speed: Number(speed.value) }));
    this.#parts = { play, seek, time, speed };
    this.#section.append(play, seek, time, speed);
  }

  /** Any speed may have been asked for elsewhere: one that is not among the choices becomes one. */
  #showSpeed(value) {
    const { speed } = this.#parts;
    const next = [...speed.options].find((each) => Number(each.value) >= value) ?? null;
    if (Number(next?.value) !== value) speed.insertBefore(choice(value), next);
    speed.value = String(value);
  }

  #showPosition(position) {
    this.#parts.seek.value = String(position);
    setAttribute(this.#parts.seek, "aria-valuetext", duration(position));
  }

  #drag() {
    this.#dragging = true;
    setText(this.#parts.time, `${duration(Number(this.#parts.seek.value))} / ${duration(this.#state.duration)}`);
  }

  #drop() {
    this.#dragging = false;
    this.#seek(Number(this.#parts.seek.value));
  }

  #toggle() {
    this.#ask(this.#state.playing ? "/replay/pause" : "/replay/play");
  }

  #seek(seconds) {
    const within = Math.max(0, Math.min(seconds, this.#state.duration));
    this.#state = { ...this.#state, position: within };
    this.#showPosition(within);
    this.#ask("/replay/seek", { seconds: within });
  }

  #ask(path, body) {
    post(path, body).catch((error) => trouble(error.message));
  }

  #key(event) {
    if (this.#state === null || event.target.closest(OWN_KEYS)) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " ") this.#toggle();
    else if (event.key === "ArrowLeft") this.#seek(this.#state.position - STEP_S);
    else if (event.key === "ArrowRight") this.#seek(this.#state.position + STEP_S);
    else return;
    event.preventDefault();
  }

  /** A mouse leaves the focus on what it pressed; after it the keys are the recording's again. */
  #release(event) {
    if (this.#state === null || event.detail === 0) return;
    event.target.closest("#listen, #replay button, #replay input")?.blur();
  }
}

const choice = (speed) => element("option", { value: String(speed), text: `${speed}×` });
