// Live meters: a figure, and a running plot of the last minute. Drawn once a second, and only while it is to be seen.

import { count, fromTemplate, orUnknown, setAttribute, setText, tenth } from "./dom.js";
import { MOST_METERS } from "./call.js";

const WIDTH = 120;
const HEIGHT = 40;
const HEADROOM = 1.15;

/** `floor` is the least that the height of a plot stands for, so that a quiet meter looks quiet. */
const KINDS = [
  { field: "speech_kbps", name: "Speech", unit: "kbit/s", shown: tenth, floor: 12 },
  { field: "wire_kbps", name: "Speech, on the wire", unit: "kbit/s", shown: tenth, floor: 12 },
  { field: "picture_bps", name: "Pictures, on the wire", unit: "bit/s", shown: count, floor: 400 },
  { field: "total_kbps", name: "All on the wire", unit: "kbit/s", shown: tenth, floor: 12 },
  { field: "loss", name: "Lost", unit: "%", shown: (share) => tenth(share * 100), floor: 0.05 },
  { field: "delay_ms", name: "Mouth to ear", unit: "ms", shown: count, floor: 300 },
  { field: "ratio_raw", name: "Raw to words", unit: ": 1", shown: count, floor: 1000 },
  { field: "ratio_video", name: "Video to this call", unit: ": 1", shown: count, floor: 10 },
];

export class Meters {
  #meters;

  constructor(list) {
    this.#meters = KINDS.map((kind) => new Meter(kind));
    list.append(...this.#meters.map((meter) => meter.node));
  }

  show(latest, history) {
    for (const meter of this.#meters) meter.show(latest, history);
  }
}

class Meter {
  #kind;
  #value;
  #line;
  #area;

  constructor(kind) {
    this.#kind = kind;
    this.node = fromTemplate("meter-template");
    this.#value = this.node.querySelector("b");
    this.#line = this.node.querySelector(".line");
    this.#area = this.node.querySelector(".area");
    setText(this.node.querySelector("dt"), kind.name);
    setText(this.node.querySelector(".unit"), kind.unit);
  }

  show(latest, history) {
    const { field, shown, floor } = this.#kind;
    const value = latest?.[field] ?? null;
    setText(this.#value, orUnknown(value, shown));
    this.node.toggleAttribute("data-none", value === null);
    const runs = plotted(history.map((each) => each[field] ?? null), floor);
    setAttribute(this.#line, "d", runs.map((run) => `M${run.join("L")}`).join(""));
    setAttribute(this.#area, "d", runs.map(closed).join(""));
  }
}

/** Points of a plot whose right edge is now, in runs: what is unknown leaves a gap. */
export function plotted(values, floor) {
  const top = Math.max(floor, ...values) * HEADROOM;
  const step = WIDTH / (MOST_METERS - 1);
  const first = WIDTH - (values.length - 1) * step;
  const runs = [];
  let run = [];
  values.forEach((value, number) => {
    if (value === null) run = [];
    else if (run.push(point(first + number * step, HEIGHT - (HEIGHT * value) / top)) === 1) runs.push(run);
  });
  return runs;
}

const point = (x, y) => `${x.toFixed(1)} ${y.toFixed(1)}`;
const closed = (run) => `M${at(run[0])} ${HEIGHT}L${run.join("L")}L${at(run.at(-1))} ${HEIGHT}Z`;
const at = (each) => each.split(" ")[0];
