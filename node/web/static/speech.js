// Being heard: this page's microphone by WHIP, or a node's own microphone muted and unmuted.

import { Device, isGranted } from "./devices.js";
import { Link } from "./link.js";
import { remember, remembered } from "./memory.js";
import { post } from "./requests.js";

const MEMORY = "pictophone speaking";

export class Speech {
  #device = new Device("microphone");
  #track = null;
  #muted = false;
  #stays = false; // muted, until the node says so
  #changed;

  /** `changed(state, why)` is as for a Link. */
  constructor(changed) {
    this.#changed = changed;
    this.link = new Link("/whip", (peer) => this.#prepare(peer), (state, why) => this.#follow(state, why));
  }

  /** The button was pressed: begins to speak; once begun, mutes and unmutes. */
  async toggle(you) {
    if (!you.may_speak || this.link.isOn) await this.mute(!you.muted);
    else if ((await this.#begin()) && you.muted) await this.mute(false);
  }

  /** Silent at once: not only when the node was asked and has said so. */
  async mute(muted) {
    this.#stays = muted;
    if (muted) this.#enable(false);
    try {
      await post("/mute", { muted });
    } catch (error) {
      this.#stays = false;
      throw error;
    }
    if (!muted) this.#enable(true);
  }

  /** The node says whether we are muted: then the microphone's own track is silent as well. */
  follow({ muted }) {
    if (muted) this.#stays = false;
    this.#enable(!muted && !this.#stays);
  }

  /** The node was started anew, and nobody is muted in it: who was, stays so. */
  async renew() {
    this.#stays = this.link.isOn && this.#muted;
    if (this.#stays) await post("/mute", { muted: true }).catch((error) => this.stop(error.message));
    this.link.renew();
  }

  async resume(you) {
    if (remembered(MEMORY) && you.may_speak && !this.link.isOn && (await isGranted("microphone"))) await this.#begin();
  }

  /** Leaves the microphone to others and turns it off. */
  stop(why = "") {
    if (this.#device.drop()) this.#changed("off", why);
    this.link.stop(why);
  }

  /** Muted if it was before; false if there is no microphone to be had. */
  async #begin() {
    if (this.#device.isAskedFor) return false;
    this.#changed("connecting", "");
    try {
      await this.#open();
    } catch (error) {
      this.#close();
      this.#changed("off", error.message);
    }
    if (this.#track === null) return false;
    remember(MEMORY, true);
    this.link.start();
    return true;
  }

  async #open() {
    const stream = await this.#device.take();
    if (stream === null) return; // it is not wanted any more
    [this.#track] = stream.getAudioTracks();
    this.#track.enabled = !this.#muted;
    this.#track.addEventListener("ended", () => this.stop("The microphone is gone."));
  }

  #enable(on) {
    this.#muted = !on;
    if (this.#track !== null) this.#track.enabled = on;
  }

  #prepare(peer) {
    peer.addTransceiver(this.#track, { direction: "sendonly" });
  }

  #follow(state, why) {
    if (state === "off") this.#close();
    this.#changed(state, why);
  }

  #close() {
    this.#track?.stop();
    this.#track = null;
    this.#stays = false;
    remember(MEMORY, false);
  }
}
