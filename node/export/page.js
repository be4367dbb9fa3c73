"use strict";
// What was recorded says nothing to the page but text: words and names only ever become text nodes.
const session = JSON.parse(document.getElementById("session").textContent);
const sound = document.getElementById("sound");
const slider = document.getElementById("position");
const toggle = document.getElementById("toggle");
const STEP = 5;

const clock = (seconds) => {
  const whole = Math.floor(Math.max(0, seconds));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
};
const element = (name, text) => {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.dir = "auto"; // what others wrote turns nothing around it
    made.append(document.createTextNode(text));
  }
  return made;
};

const people = session.people.map((person) => {
  const figure = element("figure");
  const image = element("img");
  const empty = element("div");
  empty.className = "empty";
  const words = element("figcaption");
  figure.append(element("h3", person.name), image, empty, words);
  document.getElementById("people").append(figure);
  return { ...person, figure, image, empty, words, shown: null };
});

const shown = session.events.filter((event) => event.words)
  .map((event) => ({ at: event.at, name: people[event.who].name, text: event.words, typed: false }))
  .concat(session.typed.map((line) => ({ ...line, typed: line.until === undefined })))
  .sort((one, other) => one.at - other.at);
const lines = shown.map((event) => {
  const line = element("li");
  const button = element("button");
  button.type = "button";
  const words = element("span", event.text);
  words.classList.toggle("typed", event.typed);
  button.append(element("span", clock(event.at)), element("b", event.name), words);
  button.addEventListener("click", () => seek(event.at));
  line.append(button);
  document.getElementById("words").append(line);
  return { at: event.at, line };
});

// The last event of this person at or before a time, by bisection; events are in order of time.
const newest = (events, at) => {
  let low = 0, high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle].at <= at) low = middle + 1; else high = middle;
  }
  return low ? events[low - 1] : null;
};
// What is spoken at a moment; lines of one person follow each other, those of several are shown together.
const spoken = session.typed.filter((line) => line.until !== undefined);
const subtitles = document.getElementById("subtitles");
const MOST_SUBTITLES = 4;
let said = "";

function subtitle(at) {
  const newestOf = new Map();
  for (const line of spoken) if (line.at <= at && at < line.until) newestOf.set(line.name, line);
  const now = [...newestOf.values()].slice(-MOST_SUBTITLES);
  const key = now.map((line) => line.at).join();
  if (key === said) return;
  said = key;
  subtitles.replaceChildren(...now.map((line) => {
    const shownLine = element("span");
    shownLine.append(element("b", line.name), document.createTextNode(` ${line.text}`));
    return shownLine;
  }));
}
subtitles.hidden = spoken.length === 0;
const eventsOf = people.map((_, who) => session.events.filter((event) => event.who === who));

function show(at) {
  people.forEach((person, who) => {
    const event = newest(eventsOf[who], at);
    person.figure.classList.toggle("away", !person.here.some(([from, to]) => from <= at && at < to));
    if (person.shown === event && person.begun) return;
    person.begun = true;
    person.shown = event;
    const source = event && event.image !== null ? session.images[event.image] : null;
    person.image.hidden = source === null;
    person.empty.hidden = source !== null;
    if (source !== null) { person.image.src = source; person.image.alt = event.words; }
    person.words.replaceChildren(document.createTextNode(event ? event.words : ""));
  });
  subtitle(at);
  const current = newest(lines, at);
  lines.forEach((line) => line.line.classList.toggle("now", line === current));
  slider.value = String(at);
  slider.setAttribute("aria-valuetext", clock(at));
  document.getElementById("time").textContent = `${clock(at)} / ${clock(session.seconds)}`;
}

function seek(at) {
  sound.currentTime = Math.min(Math.max(at, 0), session.seconds);
  show(sound.currentTime);
}
const playOrPause = () => { if (sound.paused) sound.play().catch(() => {}); else sound.pause(); };
const named = () => { toggle.textContent = sound.paused ? "Play" : "Pause"; };

slider.max = String(session.seconds);
slider.addEventListener("input", () => seek(Number(slider.value)));
toggle.addEventListener("click", playOrPause);
document.getElementById("speed").addEventListener("change", (event) => {
  sound.playbackRate = Number(event.target.value);
});
document.getElementById("loop").addEventListener("change", (event) => { sound.loop = event.target.checked; });
for (const happening of ["play", "pause", "ended"]) sound.addEventListener(happening, named);
for (const happening of ["seeked", "loadedmetadata"]) {
  sound.addEventListener(happening, () => show(sound.currentTime));
}
const KEYS = {
  " ": playOrPause, k: playOrPause,
  ArrowLeft: () => seek(sound.currentTime - STEP), ArrowRight: () => seek(sound.currentTime + STEP),
  Home: () => seek(0), End: () => seek(session.seconds),
};
document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  const inField = ["SELECT", "INPUT"].includes(event.target.tagName) && event.target.id !== "position";
  const presses = event.key === " " && event.target.tagName === "BUTTON";
  if (!act || inField || presses || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  act();
});

function follow() {
  if (!sound.paused) show(sound.currentTime);
  requestAnimationFrame(follow);
}
named();
show(0);
follow();
sound.play().catch(() => {}); // a browser may want a click first
