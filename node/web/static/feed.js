// What happens, as server-sent events. Read with fetch instead of EventSource: it tells why the node refuses, and the
// node's comments show that a quiet line is alive.

const SILENCE_MS = 20_000; // the node says something every 15 s at least
const AGAIN_MS = [500, 1000, 2000, 4000];
const LOOK_MS = 5000;

export class Refused extends Error {
  constructor(status, words) {
    super(words.trim() || `the node answered ${status}`);
    this.status = status;
  }
}

export class Feed {
  #url;
  #happened;
  #line;
  #heard = 0;
  #failures = 0;
  #current = null;
  #timer = 0;
  #looking = 0;

  /** `happened(name, data)` gets each event; `line(up, why)` whether the node is there, and the reason if not. */
  constructor(url, happened, line) {
    this.#url = url;
    this.#happened = happened;
    this.#line = line;
    document.addEventListener("visibilitychange", () => this.#look());
    document.addEventListener("resume", () => this.#looking && this.#renew());
    for (const name of ["online", "pageshow"]) addEventListener(name, () => this.#look());
  }

  start() {
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#connect();
  }

  /** Hears no more. */
  stop() {
    clearInterval(this.#looking);
    clearTimeout(this.#timer);
    this.#looking = 0;
    const before = this.#current;
    this.#current = null;
    before?.abort();
  }

  /** A line may be dead without having said so. */
  #look() {
    if (this.#looking && Date.now() - this.#heard > SILENCE_MS) this.#renew();
  }

  /** A new line at once; one that a frozen tab had is never heard of again. */
  #renew() {
    const before = this.#current;
    this.#connect();
    before?.abort();
  }

  async #connect() {
    clearTimeout(this.#timer);
    const current = (this.#current = new AbortController());
    this.#heard = Date.now();
    let why = "";
    try {
      await this.#read(current.signal);
    } catch (error) {
      why = error instanceof Refused ? error.message : "";
    }
    if (this.#current !== current) return;
    this.#current = null;
    this.#line(false, why);
    const wait = AGAIN_MS[Math.min(this.#failures++, AGAIN_MS.length - 1)];
    this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  async #read(signal) {
    const answer = await fetch(this.#url, { signal, cache: "no-store", headers: { Accept: "text/event-stream" } });
    if (!answer.ok) throw new Refused(answer.status, await answer.text());
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#heard = Date.now();
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      blocks.forEach((block) => this.#take(block));
    }
  }

  #take(block) {
    const event = parse(block);
    if (event === null) return;
    this.#failures = 0;
    if (event.name === "state") this.#line(true, "");
    this.#happened(event.name, event.data);
  }
}

/** One event of the stream; null for a comment, and for what is no JSON. */
export function parse(block) {
  let name = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  try {
    return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
  } catch {
    return null;
  }
}
