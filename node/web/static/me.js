// Who is before the camera, said in one line: asked for once where the camera is a real one, to be corrected any time.

import { byId, element, setText } from "./dom.js";
import { settle, settled } from "./memory.js";
import { post } from "./requests.js";

const MEMORY = "pictophone me";
const REAL = "This is a real camera. ";
const WHY = "The others see you as a drawing of what you say here. Nothing guesses gender, age or skin from the picture.";

export class Me {
  #box = byId("me");
  #text = byId("me-text");
  #later = byId("me-later");
  #said = null;
  asks = false; // the others would see somebody else

  constructor() {
    this.#box.querySelector("form").addEventListener("submit", (event) => this.#save(event));
    this.#box.addEventListener("toggle", () => this.#box.open || this.#dismiss());
    this.#later.addEventListener("click", () => (this.#box.open = false));
  }

  /** `you` as the node tells it: without `me` nobody is drawn from here. */
  show(you) {
    const said = you?.me ?? null;
    this.#box.hidden = said === null;
    if (said === null) return;
    setText(byId("me-said"), said ? `You are drawn as: ${said}` : "Say who you are");
    setText(byId("me-why"), (you.sight ? REAL : "") + WHY);
    if (said !== this.#said) this.#text.value = this.#said = said;
    this.#ask(Boolean(you.sight) && said === "" && !settled(MEMORY));
  }

  #ask(asks) {
    if (asks && !this.asks) this.#box.open = true;
    this.asks = asks;
    this.#later.hidden = !asks;
  }

  /** Closed unanswered: this browser asks no more. */
  #dismiss() {
    if (this.asks) settle(MEMORY);
    this.#ask(false);
  }

  async #save(event) {
    event.preventDefault();
    let lines;
    try {
      ({ lines } = await (await post("/me", { me: this.#text.value })).json());
    } catch (error) {
      lines = [error.message];
    }
    byId("me-read").replaceChildren(...lines.map((text) => element("p", { text, dir: "auto" })));
  }
}
