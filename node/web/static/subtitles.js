// What people say, written over their pictures while it can be read: as long as it takes, or until they say more.

const LEAST_MS = 3000;
const PER_LETTER_MS = 70; // some 14 letters a second, as subtitles are made

export class Subtitles {
  #tileOf;
  #timers = new Map();

  /** `tileOf(id)` is the tile of a person, if there is one. */
  constructor(tileOf) {
    this.#tileOf = tileOf;
  }

  /** A line came: one that was spoken is shown over its speaker. */
  came({ from, text, spoken_s: spoken }) {
    if (!spoken) return;
    this.#tileOf(from)?.subtitle(text);
    clearTimeout(this.#timers.get(from));
    const over = () => this.#tileOf(from)?.subtitle("");
    this.#timers.set(from, setTimeout(over, Math.max(LEAST_MS, text.length * PER_LETTER_MS)));
  }

  /** Nothing is shown any more: a recording goes on elsewhere. */
  clear() {
    for (const [id, timer] of this.#timers) {
      clearTimeout(timer);
      this.#tileOf(id)?.subtitle("");
    }
    this.#timers.clear();
  }
}
