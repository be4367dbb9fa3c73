// Hearing the call: each person's sound on a line of its own, by WHEP.

import { Link } from "./link.js";
import { remember, remembered } from "./memory.js";

const MEMORY = "pictophone listening";
const GESTURES = ["pointerdown", "keydown"];

export class Sound {
  #players = [];
  #blocked = false;
  #lines;
  #changed;

  /** `lines()` is how many people may be heard; `changed(state, why)` as for a Link, and "blocked". */
  constructor(lines, changed) {
    this.#lines = lines;
    this.#changed = changed;
    this.link = new Link("/whep", (peer) => this.#prepare(peer), (state, why) => this.#follow(state, why));
  }

  toggle() {
    if (this.link.isOn) this.stop();
    else this.start();
  }

  start() {
    this.link.start();
    remember(MEMORY, true);
  }

  stop() {
    this.link.stop();
    remember(MEMORY, false);
  }

  /** After a reload: goes on, if this tab listened. */
  resume() {
    if (remembered(MEMORY)) this.link.start();
  }

  #prepare(peer) {
    this.#silence();
    const lines = Math.max(1, this.#lines());
    for (let line = 0; line < lines; line++) peer.addTransceiver("audio", { direction: "recvonly" });
    peer.addEventListener("track", ({ track }) => this.#play(track));
  }

  async #play(track) {
    const player = new Audio();
    player.srcObject = new MediaStream([track]);
    this.#players.push(player);
    try {
      await player.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.#waitForGesture();
    }
  }

  /** Browsers keep a page silent until somebody touched it. */
  #waitForGesture() {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#changed("blocked", "");
    const go = () => {
      this.#blocked = false;
      for (const name of GESTURES) removeEventListener(name, go, true);
      for (const player of this.#players) player.play().catch(() => {});
      this.#changed(this.link.state, "");
    };
    for (const name of GESTURES) addEventListener(name, go, { capture: true, once: true });
  }

  #follow(state, why) {
    if (state === "off") this.#silence();
    this.#changed(state === "up" && this.#blocked ? "blocked" : state, why);
  }

  #silence() {
    for (const player of this.#players) player.srcObject = null;
    this.#players = [];
  }
}
