// The page: what the node tells goes to the parts that show it.

import { Call, MOST_NOTES } from "./call.js";
import { Controls } from "./controls.js";
import { byId, listed, setText, tenth } from "./dom.js";
import { Feed } from "./feed.js";
import { Me } from "./me.js";
import { Notes, trouble } from "./notes.js";
import { People } from "./people.js";
import { Replay } from "./replay.js";
import { Viewer } from "./viewer.js";

const call = new Call();
const viewer = new Viewer((id, sequence) => people.focusStrip(id, sequence));
const people = new People((id, sequence) => viewer.open(call, id, sequence));
const notes = new Notes();
const replay = new Replay();
const controls = new Controls(call);
const me = new Me();
let run = "";
let away = "";

const SHOW = {
  state() {
    people.reset(call);
    notes.show(call.notes);
    replay.show(call.replay);
    controls.show();
    me.show(call.you);
    if (run && run !== call.run) controls.renew();
    if (!run) controls.resume();
    run = call.run;
    document.body.toggleAttribute("data-ready", true);
    showReference();
    showLead();
  },
  person: (person) => people.person(call, person.id),
  gone: ({ person }) => people.gone(call, person),
  picture: ({ person, picture }) => people.picture(call, person, picture),
  screen: ({ person }) => people.screen(call, person),
  cleared: () => people.reset(call),
  meters() {
    if (document.hidden) return;
    people.meters(call);
    showLead();
  },
  note: (note) => notes.add(note, MOST_NOTES),
  you() {
    controls.show();
    me.show(call.you);
    people.you(call);
  },
  broker() {},
  replay: () => replay.show(call.replay),
};

function happened(name, data) {
  if (!call.apply(name, data)) return;
  SHOW[name](data);
  viewer.refresh();
  showState();
}

function line(up, why) {
  away = up ? "" : why || "The node is away; trying again…";
  document.body.toggleAttribute("data-away", !up);
  showState();
}

function showState() {
  const place = byId("state");
  setText(place, away || inWords());
  place.dataset.state = away ? "away" : call.broker === "down" ? "trouble" : "up";
}

/** What this page shows, in a line. */
function inWords() {
  const others = call.others.filter((person) => person.here).map((person) => person.name);
  if (call.kind === "replay") return others.length ? `Recording: ${listed(others)}` : "Recording";
  if (call.broker === "down") return "The broker is away: pictures wait for it, speech goes on";
  if (call.kind === "demo") return `Demo: ${listed(others)}`;
  if (others.length === 0) return "Nobody else is here yet";
  return `In a call with ${listed(others)}`;
}

/** The whole call in a sentence: what it takes on average, beside ordinary video. */
function showLead() {
  const ratios = [...call.people.values()].map((person) => person.meters?.ratio_video).filter(Boolean);
  const video = call.reference?.video_kbps;
  if (!video || ratios.length === 0) return;
  const mean = ratios.reduce((sum, ratio) => sum + video / ratio, 0) / ratios.length;
  setText(byId("lead-figure"), `${tenth(mean)} kbit/s`);
  setText(byId("lead-rest"), `for sound and pictures each way. Ordinary video takes ${video}.`);
}

function showReference() {
  const { video_kbps: video, what, source } = call.reference ?? {};
  setText(byId("reference"), video ? `Ordinary video: ${video} kbit/s, ${what} (${source}).` : "");
}

addEventListener("visibilitychange", () => document.hidden || people.meters(call));
addEventListener("unhandledrejection", (event) => trouble(String(event.reason?.message ?? event.reason)));

/** For the browser's console and for tests. */
globalThis.pictophone = { call, listening: controls.sound.link, speaking: controls.speech.link };

new Feed("/events", happened, line).start();
