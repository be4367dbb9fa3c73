// Before the call and after it: who one is, whether the microphone hears and the camera sees, and the button to join.

import { byId, element, listed, setAttribute, setText } from "./dom.js";
import { trouble } from "./banner.js";
import { areThere, ask, choices, choose, end, isGranted } from "./devices.js";
import { remember, remembered } from "./memory.js";

const MEMORY = "pictophone joined";
const LEVEL_MS = 100;
const LOUD = 0.25; // of full scale: a voice close to its microphone
const MEDIA = ["microphone", "camera"];

export class Lobby {
  onAgain = () => {};
  #controls;
  #call;
  #wanted = { microphone: true, camera: true };
  #streams = {};
  #context = null;
  #timer = 0;
  #at = "";

  constructor(controls, call) {
    this.#controls = controls;
    this.#call = call;
    byId("join").addEventListener("click", () => this.#join());
    byId("try").addEventListener("click", () => this.#try());
    for (const device of MEDIA) {
      byId(`want-${device}`).addEventListener("click", () => this.#want(device, !this.#wanted[device]));
      byId(`choose-${device}`).addEventListener("change", ({ target }) => this.#chosen(device, target.value));
    }
  }

  /** The node told everything: to be shown unless this tab has joined, or there is nothing to join. */
  show() {
    if (this.#at === "again") return this.#join();
    const joins = ["call", "send", "receive"].includes(this.#call.kind) && this.#call.you !== null;
    if (this.#at) return this.#say();
    if (!joins || remembered(MEMORY)) return this.#go("call");
    this.#go("lobby");
    this.#say();
    for (const device of MEDIA) this.#want(device, true);
    this.#tryIfAllowed();
  }

  you() {
    if (this.#at === "lobby") this.#say();
  }

  /** Why the node is not there; "" if it is. */
  away(why) {
    byId("join").disabled = why !== "";
    if (why) setText(byId("lobby-who"), why);
  }

  /** Goes on without a sound. */
  enter() {
    this.#stop();
    this.#go("call");
  }

  /** Hung up; `was` is what was on, for joining again. */
  left(was) {
    this.#wanted = was;
    remember(MEMORY, false);
    this.#go("left");
    setText(byId("lobby-title"), "You left the call");
    setText(byId("lobby-who"), "Nothing is heard or seen from this page any more.");
    setText(byId("join"), "Join again");
    byId("join").disabled = false; // without a node, too: nothing is heard of it any more, and it may be back
    byId("join").focus();
  }

  async #join() {
    if (this.#at === "left") {
      this.#at = "again";
      return this.onAgain();
    }
    remember(MEMORY, true);
    this.#go("call");
    try {
      await this.#controls.join(this.#wanted);
    } catch (error) {
      trouble(error.message);
    }
    this.#stop(); // only now: a browser need not ask again for a device that is in use
  }

  #say() {
    const { you, others, kind } = this.#call;
    if (this.#at !== "lobby" || !you) return;
    const here = others.filter((person) => person.here).map((person) => person.name);
    setText(byId("lobby-title"), kind === "receive" ? "Ready to listen?" : "Ready to join?");
    const { audience } = this.#call;
    const none = audience ? `It is ${audience.live ? "live" : "not live yet"}.` : "Nobody else is here yet.";
    const met = here.length ? `${listed(here)} ${here.length === 1 ? "is" : "are"} here.` : none;
    byId("lobby-who").replaceChildren("You are ", element("bdi", { text: you.name }), `. ${met}`);
    setText(byId("join"), kind === "receive" ? "Listen" : "Join");
    byId("want-microphone").hidden = !you.may_speak;
    byId("want-camera").hidden = !you.may_show;
    byId("preview").hidden = !you.may_speak && !you.may_show;
    setText(byId("lobby-why"), areThere() || byId("preview").hidden ? "" : UNSAFE);
  }

  #go(where) {
    this.#at = document.body.dataset.at = where;
    byId("lobby").hidden = where === "call";
    byId("lobby-parts").hidden = where === "left";
    byId("preview").hidden = where === "left";
    for (const part of document.querySelectorAll("body > .part")) part.inert = where !== "call";
    (where === "lobby" ? byId("lobby-me") : byId("details-me")).append(byId("me"));
  }

  #want(device, wanted) {
    this.#wanted[device] = wanted;
    setAttribute(byId(`want-${device}`), "aria-pressed", String(wanted));
    for (const track of this.#streams[device]?.getTracks() ?? []) track.enabled = wanted;
    byId("preview").toggleAttribute(`data-no-${device}`, !wanted);
  }

  async #tryIfAllowed() {
    const { you } = this.#call;
    if ((you.may_show && (await isGranted("camera"))) || (you.may_speak && (await isGranted("microphone")))) this.#try();
  }

  /** Hears and sees the person, for the person alone. */
  async #try() {
    const { you } = this.#call;
    byId("try").hidden = true;
    const ours = { microphone: you.may_speak, camera: you.may_show };
    for (const device of MEDIA) if (ours[device] && this.#wanted[device]) await this.#open(device);
  }

  async #open(device) {
    let stream;
    try {
      stream = await ask(device);
    } catch (error) {
      this.#want(device, false);
      return setText(byId("lobby-why"), error.message);
    }
    if (this.#at !== "lobby") return end(stream);
    end(this.#streams[device]);
    this.#streams[device] = stream;
    if (device === "camera") byId("preview-video").srcObject = stream;
    else this.#measure(stream);
    const found = await choices(device);
    const chosen = stream.getTracks()[0]?.getSettings().deviceId;
    byId(`choose-${device}`).replaceChildren(...found.map(([value, text]) => element("option", { value, text })));
    byId(`choose-${device}`).value = chosen;
    byId(`choose-${device}`).parentNode.hidden = found.length === 0;
  }

  #chosen(device, id) {
    choose(device, id);
    this.#open(device);
  }

  #measure(stream) {
    this.#context ??= new AudioContext();
    const analyser = this.#context.createAnalyser();
    const samples = new Float32Array(analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(analyser);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const level = Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
      byId("level").style.transform = `scaleX(${Math.min(1, Math.sqrt(level / LOUD)).toFixed(2)})`;
    }, LEVEL_MS);
  }

  #stop() {
    clearInterval(this.#timer);
    this.#context?.close();
    this.#context = null;
    Object.values(this.#streams).forEach(end);
    this.#streams = {};
    byId("preview-video").srcObject = null;
  }
}

const UNSAFE =
  "Browsers give this page no microphone and no camera: it is not encrypted. You can listen, look and write. " +
  "Started with --page-certificate auto, the page can do all of it.";
