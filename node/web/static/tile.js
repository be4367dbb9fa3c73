// One person on the stage: the painted picture as large as it can be, the words over its lower edge, the name.

import { fromTemplate, plural, setAttribute, setText } from "./dom.js";
import { Screen } from "./screen.js";

const LINKS = { connecting: "connecting…", again: "connecting again…" };
const MOSTLY_S = 3; // after this long two thirds of the line are full: a picture takes one to some ten seconds
const LATE_MS = 15_000; // a picture that takes so long may never come: its words are shown without it

export class Tile {
  #part = (selector) => this.node.querySelector(selector);
  #screen;
  #seen;
  #glow = "";
  #since = 0;

  /** `open(id, null)` is called when somebody wants to see the newest picture in its own window. */
  constructor(id, open) {
    this.node = fromTemplate("tile-template");
    this.node.dataset.person = id;
    const heading = this.#part("h2");
    heading.id = `name-${id}`;
    setAttribute(this.node, "aria-labelledby", heading.id);
    this.#screen = new Screen(this.#part(".painted"));
    this.#seen = new Screen(this.#part(".seen"));
    this.#part(".painted").addEventListener("click", () => open(id, null));
  }

  /** `models` is the share of the picture models that is loaded; null once they are, or where there are none. */
  show(person, models) {
    const shown = person.pictures.findLast((each) => each.url ?? each.snapshot) ?? person.pictures.at(-1);
    const { painting } = person;
    this.#since = painting === null ? 0 : this.#since || Date.now();
    const bare = !(person.screen ?? shown?.url ?? shown?.snapshot);
    const early = painting !== null && (bare || this.#isLate);
    setText(this.#part(".words"), (early ? painting.words : shown?.words) ?? noWords(person));
    setText(this.#part(".cost"), early || !shown ? "" : cost(shown));
    setText(this.#part(".loading"), bare && models !== null && person.shows ? `models: ${Math.round(100 * models)} %` : "");
    this.#mark(person, { bare, none: !painting && !shown });
    this.showScreen(person);
    this.#seen.show(shown?.snapshot && shown.url ? shown.snapshot : null);
    this.node.toggleAttribute("data-seen", Boolean(shown?.snapshot && shown.url));
    this.tick(person);
  }

  showScreen(person) {
    const newest = person.pictures.at(-1);
    this.#screen.show(person.screen ?? newest?.url ?? newest?.snapshot ?? null);
    if (!person.painting && newest?.url && newest.url === person.screen) this.#shine(newest.url);
  }

  /** What the person says; "" for nothing. */
  subtitle(text) {
    setText(this.#part(".subtitle"), text);
  }

  /** Once a second. */
  tick(person) {
    setText(this.#part(".doing"), doing(person));
    this.node.toggleAttribute("data-talking", person.here && person.meters?.talking === true);
    const share = this.#since ? 1 - Math.exp((this.#since - 1000 - Date.now()) / 1000 / MOSTLY_S) : 0;
    this.#part(".progress").style.transform = `scaleX(${share.toFixed(2)})`;
  }

  get #isLate() {
    return Date.now() - this.#since > LATE_MS;
  }

  #mark(person, { bare, none }) {
    setText(this.#part("h2"), person.you ? `${person.name} (you)` : person.name);
    this.node.toggleAttribute("data-away", !person.here);
    this.node.toggleAttribute("data-floor", person.floor === true);
    this.node.toggleAttribute("data-painting", person.painting !== null);
    this.node.toggleAttribute("data-bare", bare);
    this.node.toggleAttribute("data-none", none);
    this.#part(".painted").disabled = person.pictures.length === 0;
    setAttribute(this.#part(".painted"), "aria-label", `Open ${person.name}'s picture`);
  }

  /** What the picture leaves free of the window has its colours, out of 8 x 8 pixels: no filter costs so little. */
  async #shine(url) {
    if (this.#glow === url) return;
    this.#glow = url;
    const image = Object.assign(new Image(), { src: url });
    await image.decode().catch(() => {});
    const canvas = this.#part(".glow");
    if (this.#glow === url && image.naturalWidth) canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  }
}

const cost = ({ bits, wire_bytes: wire }) =>
  bits ? `${plural(bits, "bit", "bits")} of words, ${plural(wire, "byte", "bytes")} on the wire` : "";

/** What is under way, in words. */
export function doing(person) {
  if (!person.here) return "has left";
  if (person.broker === false) return "no broker now";
  if (person.missing && person.route !== "broker") return "no speech link";
  if (LINKS[person.link]) return LINKS[person.link];
  if (person.floor) return "has the floor";
  if (person.painting) return "painting…";
  return person.meters?.talking ? "talking" : "";
}

function noWords(person) {
  if (!person.shows) return "Sends no pictures";
  return "No picture yet";
}
