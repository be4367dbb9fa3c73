// The bar's microphone, camera and sound. What they show is what the node says, and what this page does about it.

import { byId, setAttribute } from "./dom.js";
import { Camera } from "./camera.js";
import { trouble } from "./banner.js";
import { post } from "./requests.js";
import { Sound } from "./sound.js";
import { Speech } from "./speech.js";

const SHOWN = { off: "off", connecting: "connecting", up: "on", again: "reconnecting", blocked: "blocked" };
const TIPS = {
  listen: ["Hear the call", "Sound off"],
  microphone: ["Microphone on (m)", "Microphone off (m)"],
  camera: ["Camera on (v)", "Camera off (v)"],
};

export class Controls {
  #call;
  #changed;
  #hearing = "off";
  #speaking = "off";
  #filming = false;

  /** `changed()` is called when the page's own part is another one. */
  constructor(call, changed) {
    this.#call = call;
    this.#changed = changed;
    this.sound = new Sound(() => call.sound.lines, (state, why) => this.#follow(() => (this.#hearing = state), why));
    this.speech = new Speech((state, why) => this.#follow(() => (this.#speaking = state), why));
    this.camera = new Camera((on, why) => this.#follow(() => (this.#filming = on), why));
    this.#press("listen", () => this.sound.toggle());
    this.#press("microphone", () => this.speech.toggle(call.you));
    this.#press("camera", () => this.camera.toggle(call.you));
  }

  get isBlocked() {
    return this.#hearing === "blocked";
  }

  get isBroken() {
    return this.#hearing === "again" || this.#speaking === "again";
  }

  /** What was on before a reload goes on. */
  async resume() {
    this.sound.resume();
    if (this.#call.you === null) return;
    await this.speech.resume(this.#call.you);
    await this.camera.resume(this.#call.you);
  }

  /** Joins: hears the call, and has those of microphone and camera on that are wanted. */
  async join({ microphone, camera }) {
    const { you } = this.#call;
    this.sound.start();
    const speaks = microphone && (you.may_speak ? !this.speech.link.isOn : you.muted);
    const films = camera && (you.may_show ? !this.camera.isOn : !you.camera_on);
    await Promise.all([speaks && this.speech.toggle(you), films && this.camera.toggle(you)]);
  }

  /** Has the page's microphone on, if it is the call's. */
  async begin() {
    const { you } = this.#call;
    if (you?.may_speak && !this.speech.link.isOn) await this.speech.toggle(you);
    return !you?.may_speak || this.speech.link.isOn;
  }

  /** Leaves: nothing is heard, said or seen from here, with a node or without. Returns what was on, for another time. */
  leave() {
    const { you } = this.#call;
    const was = { microphone: this.#microphone(you)[0], camera: this.#film(you)[0] };
    this.sound.stop();
    this.speech.stop();
    this.camera.stop();
    const ask = (path, wish) => post(path, wish).catch(() => {}); // it is away, and everything with it
    if (was.microphone && !you.may_speak) ask("/mute", { muted: true });
    if (was.camera && !you.may_show) ask("/camera", { on: false });
    return was;
  }

  /** The node was started anew: its sessions are gone. */
  renew() {
    this.sound.link.renew();
    this.speech.renew();
    this.camera.again();
  }

  show() {
    const you = this.#call.you;
    const own = this.#own;
    this.#button("listen", true, this.#hearing !== "off", SHOWN[this.#hearing]);
    this.#button("microphone", Boolean(you && (you.may_speak || own?.speaks)), ...this.#microphone(you));
    this.#button("camera", Boolean(you && (you.may_show || own?.shows)), ...this.#film(you));
    if (you) this.speech.follow(you);
    if (you?.may_show) this.camera.follow(you);
    byId("own").toggleAttribute("data-live", this.#filming);
  }

  get #own() {
    return this.#call.people.get(this.#call.you?.person);
  }

  #microphone(you) {
    if (!you?.may_speak && !this.#own?.speaks) return [false, "off"];
    if (you.may_speak && this.#speaking === "off") return [false, you.speaking ? "in use" : "off"];
    if (you.muted) return [false, "muted"];
    return [true, you.may_speak ? SHOWN[this.#speaking] : "on"];
  }

  #film(you) {
    if (!you?.may_show && !this.#own?.shows) return [false, "off"];
    const on = you.may_show ? this.#filming : you.camera_on;
    return [on, on ? "on" : "off"];
  }

  #button(id, there, pressed, state) {
    const button = byId(id);
    button.hidden = !there;
    button.disabled = !there;
    setAttribute(button, "aria-pressed", String(pressed));
    button.dataset.state = state;
    button.dataset.tip = ["off", "on", "muted"].includes(state) ? TIPS[id][Number(pressed)] : `${TIPS[id][1]}: ${state}`;
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
    this.#changed();
  }
}
