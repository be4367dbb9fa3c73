// The page: what the node tells goes to the parts that show it.

import { Banner, trouble } from "./banner.js";
import { Call, MOST_NOTES } from "./call.js";
import { Chat } from "./chat.js";
import { Controls } from "./controls.js";
import { Details } from "./details.js";
import { byId, listed, setText, tenth } from "./dom.js";
import { Feed } from "./feed.js";
import { Invitation } from "./invitation.js";
import { keys } from "./keys.js";
import { Lobby } from "./lobby.js";
import { Me } from "./me.js";
import { Own } from "./own.js";
import { Panels } from "./panels.js";
import { Replay } from "./replay.js";
import { Stage } from "./stage.js";
import { Subtitles } from "./subtitles.js";
import { Talk } from "./talk.js";
import { Viewer } from "./viewer.js";

const call = new Call();
const viewer = new Viewer((id, sequence) => details.focusStrip(id, sequence));
const open = (id, sequence) => viewer.open(call, id, sequence);
const stage = new Stage(open);
const subtitles = new Subtitles((id) => stage.tile(id));
const details = new Details(open);
const own = new Own();
const replay = new Replay();
const controls = new Controls(call, showState);
const talk = new Talk(call, () => controls.begin());
const me = new Me();
const banner = new Banner();
const chat = new Chat(call);
const panels = new Panels({ chat: () => chat.opened(), details: () => details.show(call) });
const lobby = new Lobby(controls, call);
const invitation = new Invitation();
let run = "";
let away = "";

const SHOW = {
  state() {
    if (run && run !== call.run) controls.renew();
    stage.reset(call);
    details.reset(call);
    replay.show(call.replay);
    chat.show();
    showYou();
    byId("hangup").hidden = call.kind === "replay";
    if (!run) controls.resume();
    run = call.run;
    lobby.show();
    invitation.show(call);
    document.body.toggleAttribute("data-ready", true);
  },
  person(person) {
    stage.person(call, person.id);
    own.show(call);
    lobby.you();
    talk.show();
    details.person(call, person.id);
  },
  gone() {
    stage.reset(call);
    details.reset(call);
  },
  picture({ person, picture }) {
    stage.picture(call, person, picture);
    own.show(call);
    details.person(call, person);
  },
  screen: ({ person }) => stage.screen(call, person),
  cleared() {
    subtitles.clear();
    stage.reset(call);
    details.reset(call);
  },
  meters() {
    if (document.hidden) return;
    stage.tick(call);
    details.tick(call);
  },
  note: (note) => details.note(note, MOST_NOTES),
  you: showYou,
  text(text) {
    if (!chat.has(text)) subtitles.came(text);
    chat.came(text);
  },
  invitation: () => invitation.show(call),
  broker() {},
  audience() {},
  replay: () => replay.show(call.replay),
};

function showYou() {
  controls.show();
  talk.show();
  me.show(call.you);
  own.show(call);
  lobby.you();
}

function happened(name, data) {
  if (!call.apply(name, data)) return;
  SHOW[name](data);
  viewer.refresh();
  showState();
}

function line(up, why) {
  away = up ? "" : why || "The node is away; trying again…";
  document.body.toggleAttribute("data-away", !up);
  lobby.away(away);
  showState();
}

function showState() {
  const place = byId("state");
  setText(place, away ? "Not connected" : inWords());
  place.dataset.state = away ? "away" : call.broker === "down" ? "trouble" : "up";
  banner.stand(away || wrong(), !away && me.asks ? ["Say it", () => panels.open("details")] : null);
  showLead();
}

const present = () => call.others.filter((person) => person.here).map((person) => person.name);

/** What this page shows, in a line. */
function inWords() {
  const others = present();
  if (call.kind === "replay") return others.length ? `Recording: ${listed(others)}` : "Recording";
  if (call.audience) return call.audience.live ? `Live: ${listed(others)}` : "Not live";
  if (call.kind === "demo") return `Demo: ${listed(others)}`;
  return others.length ? `In a call with ${listed(others)}` : "Nobody else is here yet";
}

/** What a person should know now and until it is over, the gravest alone. */
function wrong() {
  if (call.broker === "down") return brokerless();
  if (call.audience && !call.audience.live) return sentence(call.audience.why);
  if (controls.isBlocked) return "Touch the page, or press a key, to hear the call.";
  if (controls.isBroken) return "The sound broke off. Connecting again…";
  const broken = call.others.filter((person) => person.here && person.link === "again" && !person.missing).map((person) => person.name);
  if (broken.length) return `The speech with ${listed(broken)} broke off. Connecting again…`;
  const mute = call.others.filter((person) => person.here && person.missing && person.route !== "broker");
  if (mute.length) return `There is no speech link with ${listed(mute.map((person) => person.name))}: ${mute[0].missing}.`;
  const left = call.others.filter((person) => !person.here).map((person) => person.name);
  if (left.length && !present().length && call.kind !== "replay") return `${listed(left)} left the call.`;
  return me.asks ? "The others see you as a drawing of what you say of yourself." : "";
}

/** What goes on while the broker is away, and what does not. */
function brokerless() {
  if (call.audience) return "The broker is away: nothing is heard until it is back.";
  const cut = call.others.filter((person) => person.here && person.route === "none" && person.link === "again");
  const speech = cut.length ? `So does the speech with ${listed(cut.map((person) => person.name))}.` : "Speech goes on.";
  return `The broker is away: new pictures and lines wait for it. ${speech}`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** The whole call in a figure: what it takes on average, beside ordinary video. */
function showLead() {
  const ratios = [...call.people.values()].map((person) => person.meters?.ratio_video).filter(Boolean);
  const video = call.reference?.video_kbps;
  byId("lead").hidden = !video || ratios.length === 0;
  if (byId("lead").hidden) return;
  const mean = ratios.reduce((sum, ratio) => sum + video / ratio, 0) / ratios.length;
  setText(byId("lead-figure"), tenth(mean));
  byId("lead").dataset.tip = `For sound and pictures each way. Ordinary video takes ${video}.`;
}

addEventListener("visibilitychange", () => document.hidden || stage.reset(call));
addEventListener("unhandledrejection", (event) => trouble(String(event.reason?.message ?? event.reason)));
byId("lead").addEventListener("click", () => panels.toggle("details"));
keys({ m: "microphone", v: "camera", c: "show-chat", f: "fullscreen" }, () => panels.close());

const feed = new Feed("/events", happened, line);

byId("hangup").addEventListener("click", () => {
  panels.close();
  talk.stop();
  feed.stop();
  lobby.left(controls.leave());
});
lobby.onAgain = () => feed.start();

/** For the browser's console and for tests. `enter` passes the lobby with everything off. */
globalThis.pictophone = {
  call,
  listening: controls.sound.link,
  speaking: controls.speech.link,
  enter: () => lobby.enter(),
};

feed.start();
