// Being seen: the middle of the camera's picture, as a small JPEG, whenever the scene changed.

import { Device, end, isGranted } from "./devices.js";
import { byId } from "./dom.js";
import { remember, remembered } from "./memory.js";
import { post, sent } from "./requests.js";

const MEMORY = "pictophone camera";
const SIDE = 256; // what the captioner looks at
const THUMBNAIL = 16;
const LOOK_MS = 1000;
const CHANGED_LEVELS = 4; // of 255, over the thumbnail: noise and flicker stay below
const ANYWAY_MS = 30_000; // a scene may creep
const QUALITY = 0.7;

export class Camera {
  #changed;
  #device = new Device("camera");
  #stream = null;
  #taken = false;
  #video = document.createElement("video");
  #canvas = canvas(SIDE);
  #thumbnail = canvas(THUMBNAIL);
  #timer = 0;
  #last = { levels: null, at: 0 };

  /** `changed(on, why)` is told when it goes on or off. */
  constructor(changed) {
    this.#changed = changed;
    Object.assign(this.#video, { muted: true, playsInline: true });
  }

  get isOn() {
    return this.#stream !== null;
  }

  /** The button was pressed: this page's camera, or the node's own. */
  async toggle(you) {
    if (!you.may_show) await post("/camera", { on: !you.camera_on });
    else if (this.isOn) await this.stop();
    else await this.#open();
  }

  async resume(you) {
    if (remembered(MEMORY) && you.may_show && !this.isOn && (await isGranted("camera"))) await this.#open();
  }

  /** The node says whether it takes pictures: those that it no longer takes, since another page said so, are not made. */
  follow({ camera_on: on }) {
    const was = this.#taken;
    this.#taken = on;
    if (was && !on && this.isOn) this.#close("The camera was switched off on another page.");
  }

  async stop() {
    await this.#close("");
  }

  /** The node is another one, or somebody new came who saw nothing yet. */
  again() {
    this.#last.levels = null;
  }

  async #open() {
    let stream = null;
    try {
      stream = await this.#device.take();
      if (stream === null) return;
      this.#stream = stream;
      await post("/camera", { on: true });
      this.#video.srcObject = byId("own-video").srcObject = this.#stream;
      if (this.isOn) await this.#video.play();
    } catch (error) {
      if (this.#stream === stream) await this.#close(error.message);
      return;
    }
    if (this.#stream !== stream) return; // it was closed meanwhile
    stream.getVideoTracks()[0].addEventListener("ended", () => this.#close("The camera is gone."));
    this.again();
    remember(MEMORY, true);
    this.#changed(true, "");
    this.#look();
  }

  async #close(why) {
    clearTimeout(this.#timer);
    this.#device.drop();
    const had = this.isOn;
    end(this.#stream);
    this.#stream = null;
    this.#video.srcObject = byId("own-video").srcObject = null;
    remember(MEMORY, false);
    this.#changed(false, why);
    if (had) await post("/camera", { on: false }).catch(() => {});
  }

  async #look() {
    if (!this.isOn) return;
    try {
      await this.#sendIfChanged();
    } catch (error) {
      this.again();
      this.#changed(true, error.message);
    }
    if (this.isOn) this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  async #sendIfChanged() {
    const levels = this.#levels();
    const now = Date.now();
    if (now - this.#last.at < ANYWAY_MS && difference(levels, this.#last.levels) < CHANGED_LEVELS) return;
    this.#last = { levels, at: now };
    drawSquare(this.#canvas, this.#video);
    const body = await new Promise((done) => this.#canvas.canvas.toBlob(done, "image/jpeg", QUALITY));
    await sent("/snapshots", { method: "POST", headers: { "Content-Type": "image/jpeg" }, body });
  }

  #levels() {
    drawSquare(this.#thumbnail, this.#video);
    return this.#thumbnail.getImageData(0, 0, THUMBNAIL, THUMBNAIL).data;
  }
}

function canvas(side) {
  const made = Object.assign(document.createElement("canvas"), { width: side, height: side });
  return made.getContext("2d", { willReadFrequently: true });
}

/** The middle square of the video, as large as the canvas. */
function drawSquare(context, video) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  context.drawImage(video, left, top, side, side, 0, 0, context.canvas.width, context.canvas.height);
}

/** The mean difference of two thumbnails in levels; infinite if there is no earlier one. */
function difference(one, other) {
  if (other === null) return Infinity;
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += Math.abs(one[at] - other[at]);
  return (sum * 4) / 3 / one.length; // a fourth of the values is opacity, which never differs
}
