// A picture that is replaced only once the next one is there to be seen: no flash, and no jump.

import { element } from "./dom.js";

const STEPS = [0.3, 0.55, 0.8]; // few: an animation of the style sheet takes the processor sixty times a second
const STEP_MS = 80;
const MORPH_MS = 900; // pictures that follow each other faster are a cross-fade already

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Screen {
  #frame;
  #wanted = null;
  #waits = false;
  #changed = -Infinity;

  /** `frame` is an element of reserved size. */
  constructor(frame) {
    this.#frame = frame;
  }

  /** Shows the picture at this address, nothing for null. The newest that was asked for wins. */
  show(url) {
    if (url === this.#wanted) return;
    this.#wanted = url;
    if (!this.#waits) this.#draw();
  }

  async #draw() {
    this.#waits = true;
    await visible(); // browsers decode nothing for a page that nobody sees
    this.#waits = false;
    const url = this.#wanted;
    const image = url === null ? null : picture(url);
    try {
      await image?.decode();
    } catch {
      return; // no longer kept by the node: what is shown stays
    }
    if (url === this.#wanted) this.#replace(image);
  }

  #replace(image) {
    const before = this.#frame.querySelector("img:last-of-type");
    const quiet = performance.now() - this.#changed > MORPH_MS;
    this.#changed = performance.now();
    if (!image || !before || !quiet || still.matches) return this.#frame.replaceChildren(...(image ? [image] : []));
    this.#frame.replaceChildren(before, image);
    image.style.opacity = STEPS[0];
    STEPS.slice(1).forEach((share, at) => setTimeout(() => (image.style.opacity = share), (at + 1) * STEP_MS));
    setTimeout(() => {
      image.style.opacity = "";
      before.remove();
    }, STEPS.length * STEP_MS);
  }
}

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

/** An image of a picture; its size is reserved before it came. What it shows is said by the words beside it. */
export function picture(url, loading = "eager") {
  return element("img", { src: url, alt: "", width: 256, height: 256, decoding: "async", loading, draggable: "false" });
}
