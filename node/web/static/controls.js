// The three buttons of a person's own part: listen, microphone, camera. What they show is what the node says, and
// what this page is doing about it.

import { byId, setAttribute, setText } from "./dom.js";
import { Camera } from "./camera.js";
import { Sound } from "./sound.js";
import { Speech } from "./speech.js";
import { trouble } from "./notes.js";

const SHOWN = { off: "off", connecting: "connecting", up: "on", again: "reconnecting", blocked: "press any key" };

export class Controls {
  #call;
  #hearing = "off";
  #speaking = "off";
  #filming = false;

  constructor(call) {
    this.#call = call;
    this.sound = new Sound(() => call.sound.lines, (state, why) => this.#follow(() => (this.#hearing = state), why));
    this.speech = new Speech((state, why) => this.#follow(() => (this.#speaking = state), why));
    this.camera = new Camera((on, why) => this.#follow(() => (this.#filming = on), why));
    this.#press("listen", () => this.sound.toggle());
    this.#press("microphone", () => this.speech.toggle(call.you));
    this.#press("camera", () => this.camera.toggle(call.you));
  }

  /** What was on before a reload goes on. */
  async resume() {
    this.sound.resume();
    if (this.#call.you === null) return;
    await this.speech.resume(this.#call.you);
    await this.camera.resume(this.#call.you);
  }

  /** The node was started anew: its sessions are gone. */
  renew() {
    this.sound.link.renew();
    this.speech.link.renew();
    this.camera.again();
  }

  show() {
    const you = this.#call.you;
    const own = this.#call.people.get(you?.person);
    this.#button("listen", true, this.#hearing !== "off", SHOWN[this.#hearing]);
    this.#button("microphone", Boolean(you && (you.may_speak || own?.speaks)), ...this.#microphone(you));
    this.#button("camera", Boolean(you && (you.may_show || own?.shows)), ...this.#film(you));
    if (you) this.speech.follow(you);
  }

  #microphone(you) {
    if (!you) return [false, "off"];
    if (you.may_speak && this.#speaking === "off") return [false, you.speaking ? "in use" : "off"];
    if (you.muted) return [false, "muted"];
    return [true, you.may_speak ? SHOWN[this.#speaking] : "on"];
  }

  #film(you) {
    if (!you) return [false, "off"];
    const on = you.may_show ? this.#filming : you.camera_on;
    return [on, on ? "on" : "off"];
  }

  #button(id, there, pressed, state) {
    const button = byId(id);
    button.hidden = !there;
    button.disabled = !there;
    setAttribute(button, "aria-pressed", String(pressed));
    button.dataset.state = state;
    setText(button.querySelector("small"), state);
  }

  #press(id, act) {
    byId(id).addEventListener("click", async () => {
      try {
        await act();
      } catch (error) {
        trouble(error.message);
      }
      this.show();
    });
  }

  #follow(change, why) {
    change();
    if (why) trouble(why);
    this.show();
  }
}
