// Lines that people type: shown as text and nothing else, with who has them; new ones are counted while nobody looks.

import { byId, element, listed, setAttribute, setText } from "./dom.js";
import { trouble } from "./banner.js";
import { post } from "./requests.js";

const NEAR_END_PX = 60;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export class Chat {
  #call;
  #list = byId("texts");
  #line = byId("chat-line");
  #rows = new Map();
  #unread = 0;

  constructor(call) {
    this.#call = call;
    byId("chat-form").addEventListener("submit", (event) => this.#send(event));
  }

  /** All lines anew. */
  show() {
    const { texts } = this.#call;
    byId("show-chat").hidden = texts === null;
    byId("chat-form").hidden = this.#call.kind === "replay" || this.#call.audience !== null;
    this.#rows.clear();
    this.#list.replaceChildren();
    for (const text of texts ?? []) this.#row(text);
    this.#toEnd();
  }

  has(text) {
    return this.#rows.has(text.id);
  }

  /** A line is new, or more people have it. One that was spoken is heard or read elsewhere: it counts as seen. */
  came(text) {
    byId("show-chat").hidden = false;
    const isNew = !this.#rows.has(text.id);
    const follows = this.#isAtEnd;
    this.#row(text);
    if (follows || text.mine) this.#toEnd();
    if (!isNew || text.mine) return;
    if (text.spoken_s && this.#call.people.get(text.from)?.speaks !== false) return;
    byId("read").append(element("p", { text: `${text.name} ${text.spoken_s ? "says" : "writes"}: ${text.text}` }));
    if (byId("read").childElementCount > 3) byId("read").firstElementChild.remove();
    if (byId("chat").hidden && !text.spoken_s) this.#count(this.#unread + 1);
  }

  opened() {
    this.#count(0);
    this.#toEnd();
    this.#line.focus();
  }

  #row(text) {
    const made = row(text);
    const before = this.#rows.get(text.id);
    this.#rows.set(text.id, made);
    if (before) before.replaceWith(made);
    else this.#list.append(made);
    const kept = new Set(this.#call.texts.map((each) => each.id));
    for (const [id, each] of this.#rows) if (!kept.has(id)) each.remove(), this.#rows.delete(id);
  }

  #count(unread) {
    this.#unread = unread;
    const button = byId("show-chat");
    setAttribute(button, "aria-label", unread ? `Chat, ${unread} new` : "Chat");
    button.dataset.unread = unread ? String(Math.min(unread, 99)) : "";
  }

  get #isAtEnd() {
    return this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - NEAR_END_PX;
  }

  #toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  async #send(event) {
    event.preventDefault();
    const text = this.#line.value.trim();
    if (!text) return;
    this.#line.value = "";
    try {
      const taken = await (await post("/text", { text })).json();
      if (this.has(taken)) return; // it came as an event, and may be known to be delivered by now
      this.#call.apply("text", taken);
      this.came(taken);
    } catch (error) {
      if (!this.#line.value) this.#line.value = text;
      trouble(error.message);
    }
  }
}

function row({ name, mine, at, text, have, waiting, spoken_s: spoken }) {
  const head = element("p", { className: "head" }, element("bdi", { text: mine ? "You" : name }), " ");
  head.append(element("time", { text: clock.format(new Date(at * 1000)) }));
  const made = element("li", {}, head, element("p", { className: "text", dir: "auto", text }));
  made.toggleAttribute("data-mine", mine);
  made.toggleAttribute("data-spoken", Boolean(spoken));
  if (mine && !spoken) made.append(element("p", { className: "delivered", text: delivered(have ?? [], waiting ?? []) }));
  return made;
}

function delivered(have, waiting) {
  if (waiting.length) return `Waiting for ${listed(waiting)}`;
  return have.length ? `✓ ${listed(have)}` : "Nobody else is here";
}
