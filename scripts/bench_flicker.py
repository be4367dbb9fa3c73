#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How often the words of a camera change, and how often they should not have: on simulated time, as fast as it goes.

Snapshots pass the gate and the captioner as in a call. "one by one" are the captioner's own words of each snapshot,
"held" what a call sends. A change is undone if an attribute returns within 3 s to what it was. Of the drawn camera the
truth is known: a change is false if the scene has the attributes that it had at the change before.

    scripts/bench_flicker.py --camera scene:7 --minutes 5
    scripts/bench_flicker.py --camera CLIP --minutes 2 --me "a man with short black hair" --show
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from PIL import Image
from rich.console import Console
from rich.progress import track

from node.vision.cameras import Camera, open_camera
from node.vision.gate import Gate
from node.vision.ipc import CaptionReply, seen_picture
from node.vision.people.describers import Describer, load_captioner
from node.vision.people.identity import Identity
from node.vision.people.narrator import Narrator
from node.vision.presets import chosen_models
from node.vision.rgb import shrunk
from node.vision.scenes import SceneSequence, attributes, attributes_of
from node.vision.sender import POLL_EVERY_S
from node.vision.worker import LONGEST_SIDE

UNDONE_S = 3.0


@dataclass
class Words:
    """The words of a call in their order, and what was wrong with them."""

    changes: int = 0
    undone: int = 0
    false: int = 0
    shown: list[tuple[float, str]] = field(default_factory=list)
    _now: dict[str, str] = field(default_factory=dict)
    _before: dict[str, tuple[str, float]] = field(default_factory=dict)
    _truth: dict[str, str] | None = None

    def say(self, text: str, at: float, truth: dict[str, str] | None) -> None:
        """Take the words of a moment; those that are empty or the same change nothing."""
        if not text or (self.shown and self.shown[-1][1] == text):
            return
        parts = attributes_of(text) or {"words": text}
        first = not self.shown
        self.shown.append((at, text))
        if not first:
            self.changes += 1
            self.undone += self._is_undone(parts, at)
            self.false += truth is not None and truth == self._truth
        self._now, self._truth = parts, truth

    def _is_undone(self, parts: dict[str, str], at: float) -> bool:
        undone = False
        for name in self._now.keys() | parts.keys():
            old, new = self._now.get(name, ""), parts.get(name, "")
            if old != new:
                before, since = self._before.get(name, ("", -UNDONE_S))
                undone |= before == new and name in self._before and at - since < UNDONE_S
                self._before[name] = (old, at)
        return undone

    def per_minute(self, minutes: float) -> dict[str, float]:
        """The counts for a minute."""
        counts = {"changes": self.changes, "undone": self.undone, "false": self.false}
        return {name: round(count / minutes, 2) for name, count in counts.items()}


class Looks:
    """The captioner, which is asked once about each picture: a clip repeats."""

    def __init__(self, captioner: Describer) -> None:
        self.asked = 0
        self._captioner = captioner
        self._replies: dict[int, CaptionReply] = {}

    def at(self, image: Image.Image) -> CaptionReply:
        """The reply about a picture."""
        picture = shrunk(image, LONGEST_SIDE)
        key = zlib.crc32(picture.tobytes())
        self.asked += 1
        if key not in self._replies:
            self._replies[key] = self._captioner.describe(picture)
        return self._replies[key]


async def watch(
    camera: Camera, looks: Looks, narrator: Narrator, times: list[float], turn: Callable[[float], None]
) -> tuple[Words, Words]:
    """The words one by one, and those that hold."""
    gate, single, held = Gate(), Words(), Words()
    scenes = SceneSequence(int(camera.name.partition(":")[2])) if camera.name.startswith("scene:") else None
    for at in track(times, "watching", console=Console(stderr=True)):
        turn(at)
        image = await camera.snapshot()
        truth = None if scenes is None else attributes(scenes.scene(at))
        changed = gate.changed(image, narrator.sees_real_pictures)
        if changed or narrator.wants(at):
            seen = seen_picture(looks.at(image))
            single.say(seen.words, at, truth)
            held.say(narrator.words(seen, at), at, truth)
    return single, held


async def run(arguments: argparse.Namespace) -> None:
    """Watch the camera and print what its words did."""
    now = [0.0]

    def turn(at: float) -> None:
        now[0] = at

    camera = open_camera(arguments.camera, clock=lambda: now[0])
    looks = Looks(load_captioner(chosen_models(arguments).captioner))
    narrator = Narrator(Identity(arguments.me, arguments.place))
    times = [count * POLL_EVERY_S for count in range(int(arguments.minutes * 60 / POLL_EVERY_S))]
    single, held = await watch(camera, looks, narrator, times, turn)
    await camera.close()
    figures = {"camera": camera.name, "minutes": arguments.minutes, "snapshots": len(times), "looks": looks.asked}
    rows = {"one by one": single.per_minute(arguments.minutes), "held": held.per_minute(arguments.minutes)}
    print(json.dumps(figures | rows) if arguments.json else f"{figures}\n{rows}")
    if arguments.show:
        print(*(f"{at:6.1f}  {text}" for at, text in held.shown), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--camera", default="scene:7", help="as in a call")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--me", help="as in a call")
    parser.add_argument("--place", help="as in a call")
    parser.add_argument("--models", default="embedded", help="as in a call")
    parser.add_argument("--captioner", help="as in a call")
    parser.add_argument("--generator", help=argparse.SUPPRESS)
    parser.add_argument("--show", action="store_true", help="print the words that hold, with their times")
    parser.add_argument("--json", action="store_true")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
