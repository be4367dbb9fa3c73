#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Measures what sealing costs: time of a frame, bytes of pictures, and the import.

    scripts/bench_sealing.py [--json]

Bytes are those of the MQTT payload, for the captions of unseen drawn scenes and for the article's sentence.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count, islice

from node.captions.coder import shipped_codecs
from node.vision.scenes import sampling
from node.vision.scenes.grammar import caption
from protocol import frames
from protocol.errors import SealError
from protocol.room_secret import RoomSecret
from protocol.sealing import Opener, Sealer
from protocol.topics import Letter, Topic

CODECS = shipped_codecs()

SECRET = RoomSecret(b"for benches only")
ROUNDS, EACH = 30, 1000
CAPTIONS = 300
SENTENCE = "a cat sitting on top of a wooden bench"  # the article's
AFTER_MS = 600_000  # ten minutes into the call: the capture time has three bytes, up to 1 h 49 min


def microseconds(work: Callable[[], object]) -> float:
    """The median of many rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(EACH):
            work()
        taken.append((time.perf_counter() - began) / EACH * 1e6)
    return statistics.median(taken)


def costs() -> dict[str, float]:
    """Microseconds of sealing and opening a picture, of refusing a forged one and a forged hello."""
    ann, bob = Sealer(SECRET, "anna", 1), Opener(SECRET, "bobb", 2)
    bob.admit("anna", 1, (0, 0, 0))
    topic = Topic(SECRET.room_id(), "anna", Letter.PICTURE)
    frame = picture(SENTENCE)
    forged, forged_hello = ann.frame(Letter.PICTURE, frame, retained=True)[:-1] + b"\0", bytes(200)
    presence = Topic(topic.room, "anna", Letter.PRESENCE)

    def refuse(what: Callable[[Topic, bytes], object], where: Topic, sealed: bytes) -> None:
        try:
            what(where, sealed)
        except SealError:
            return
        raise AssertionError("a forgery opened")

    return {
        "seal_us": microseconds(lambda: ann.frame(Letter.PICTURE, frame, retained=True)),
        "seal_and_open_us": microseconds(lambda: bob.frame(topic, ann.frame(Letter.PICTURE, frame, retained=True))),
        "refuse_frame_us": microseconds(lambda: refuse(bob.frame, topic, forged)),
        "refuse_hello_us": microseconds(lambda: refuse(bob.hello, presence, forged_hello)),
    }


def picture(words: str) -> bytes:
    coded = CODECS.encode(words, CODECS.newest())
    return frames.encode(frames.Picture(100, AFTER_MS, coded.codec, coded.data, 127))


def sizes() -> dict[str, float]:
    """Bytes of the MQTT payload of sealed pictures."""
    ann = Sealer(SECRET, "anna", 1)
    scenes = [caption(scene) for scene in islice(filter(sampling.held_out, map(sampling.sample, count())), CAPTIONS)]
    sealed = sorted(len(ann.frame(Letter.PICTURE, picture(words), retained=True)) for words in scenes)
    return {
        "sentence_bytes": len(ann.frame(Letter.PICTURE, picture(SENTENCE), retained=True)),
        "scene_median_bytes": statistics.median(sealed),
        "scene_mean_bytes": statistics.mean(sealed),
        "scene_95_percent_bytes": sealed[int(0.95 * len(sealed))],
    }


def import_ms() -> float:
    """Milliseconds that importing the module takes in a new interpreter, in the best of five."""
    script = "import time; t = time.perf_counter(); import protocol.sealing; print((time.perf_counter() - t) * 1000)"
    command = [sys.executable, "-c", script]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    return min(map(float, runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = {name: round(value, 2) for name, value in {**costs(), **sizes(), "import_ms": import_ms()}.items()}
    print(
        json.dumps(figures) if options.json else "\n".join(f"{value:10.2f}  {name}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
