// Small helpers: elements, numbers as people read them. What comes from others only ever becomes a text node.

export const byId = (id) => document.getElementById(id);

/** The content of a <template>, anew. */
export const fromTemplate = (id) => byId(id).content.firstElementChild.cloneNode(true);

export function element(tag, { className = "", text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  drawn.append(use);
  return drawn;
}

/** Touches the page only where something changed: no layout, no event for a screen reader otherwise. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

const counts = new Intl.NumberFormat("en");
const toTheSecond = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const clock = new Intl.DateTimeFormat(undefined, toTheSecond);

export const UNKNOWN = "–";
export const orUnknown = (value, shown) => (value === null || value === undefined ? UNKNOWN : shown(value));
export const count = (value) => counts.format(Math.round(value));
export const tenth = (value) => value.toFixed(1);
export const timeOfDay = (seconds) => clock.format(new Date(seconds * 1000));
export const plural = (value, one, many) => `${count(value)} ${value === 1 ? one : many}`;

/** 3.2 s as 0:03; an hour and more with its hours. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** "ann", "ann and bob", "ann, bob and cat". */
export function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
