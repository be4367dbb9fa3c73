// A picture that is replaced only once the next one is there to be seen: no flash, and no jump.

import { element } from "./dom.js";

export class Screen {
  #frame;
  #url = null;

  /** `frame` is an element of reserved size. */
  constructor(frame) {
    this.#frame = frame;
  }

  /** Shows the picture at this address, nothing for null. The newest that was asked for wins. */
  async show(url, alt) {
    if (url === this.#url) return;
    this.#url = url;
    if (url === null) {
      this.#frame.replaceChildren();
      return;
    }
    const image = picture(url, alt);
    try {
      await image.decode();
    } catch {
      return; // no longer kept by the node: what is shown stays
    }
    if (url === this.#url) this.#frame.replaceChildren(image);
  }
}

/** An image of a picture; its size is reserved before it came. */
export function picture(url, alt, loading = "eager") {
  return element("img", { src: url, alt, width: 256, height: 256, decoding: "async", loading, draggable: "false" });
}
