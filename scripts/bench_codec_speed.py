#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Measures the processor time that coding and decoding a caption take, and of the worst captions that fit a frame.

    scripts/bench_codec_speed.py [FILE] [--codec N] [--count N] [--json]

FILE holds captions, one a line; without it the captions of drawn scenes are taken. Times are milliseconds of this
process alone, and ratios to a fixed loop of Python measured between them, which compares machines and busy hours.
"New" captions find nothing kept of those before them, "again" everything.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from node.bench.hostile_peer import hostile_texts
from node.captions.coder import shipped_codecs
from node.vision.scenes import caption, sample
from protocol.captions import mixture
from protocol.captions.model_codec import MAX_TOKENS, ModelCodec
from protocol.errors import CaptionError
from protocol.frames import MAX_CAPTION_BYTES

CODECS = shipped_codecs()

COUNT = 300
FIRST_SEED = 60_000_000  # of the scenes: far from those that are trained on
SHORT = ("a cat", "two dogs", "a man.", "A train", "people", "a red bus on a street")
LOOP = 20_000  # rounds of the yardstick: about a millisecond of a fast core
ROUNDS = 5  # of which the quickest counts: what else the core did meanwhile is not the codec's

Row = dict[str, float | str]


def yardstick() -> None:
    total = 0
    for number in range(LOOP):
        total = total + number * number & 0xFFFFFF


def milliseconds(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    """Of the processor, in the quickest round; `prepare` comes before each and is not counted."""
    taken = []
    for _ in range(ROUNDS):
        prepare()
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return 1000 * min(taken)


def percentiles(name: str, taken: list[float], loop: float) -> Row:
    p50 = statistics.median(taken)
    p99 = sorted(taken)[min(len(taken) - 1, round(0.99 * len(taken)))]
    return {"what": name, "p50_ms": p50, "p99_ms": p99, "p50_ratio": p50 / loop, "p99_ratio": p99 / loop}


def measured(codec: ModelCodec, name: str, captions: list[str], loop: float) -> Iterator[Row]:
    """A row for each direction, of captions like none before and of those that were coded just now."""
    for kind, prepare in (("new", mixture.forget), ("again", lambda: None)):
        coded = [codec.encode(text)[0] for text in captions]
        coding = [milliseconds(lambda text=text: codec.encode(text), prepare) for text in captions]
        decoding = [milliseconds(lambda data=data: codec.decode(data), prepare) for data in coded]
        yield percentiles(f"{name}, {kind}, encode", coding, loop)
        yield percentiles(f"{name}, {kind}, decode", decoding, loop)


def worst(codec: ModelCodec, tokens: int, loop: float) -> Iterator[Row]:
    """A row for each hostile caption that fits a frame, modelled."""
    for name, text in hostile_texts(codec, tokens).items():
        data = codec.encode(text)[0]
        if len(data) <= MAX_CAPTION_BYTES:
            taken = milliseconds(lambda data=data: codec.decode(data), mixture.forget)
            yield {"what": f"{name} ({len(data)} bytes)", "ms": taken, "ratio": taken / loop}


def garbage(codec: ModelCodec, count: int, loop: float) -> Row:
    """The longest that any of so many strings of random bytes takes, whatever comes of it."""
    rng = random.Random(2)
    longest = 0.0
    for _ in range(count):
        data = rng.randbytes(rng.choice((8, 40, 200, MAX_CAPTION_BYTES)))
        longest = max(longest, milliseconds(lambda data=data: refused(codec, data), mixture.forget))
    return {"what": f"the worst of {count} strings of random bytes", "ms": longest, "ratio": longest / loop}


def refused(codec: ModelCodec, data: bytes) -> bool:
    try:
        codec.decode(data)
    except CaptionError:
        return True
    return False


def report(codec: ModelCodec, captions: list[str], tokens: int) -> dict[str, Any]:
    codec.model()
    yardstick()
    loop = milliseconds(yardstick)
    usual = [*measured(codec, "captions", captions, loop), *measured(codec, "short ones", list(SHORT), loop)]
    extreme = [*worst(codec, tokens, loop), garbage(codec, len(captions), loop)]
    return {"yardstick_ms": (loop + milliseconds(yardstick)) / 2, "usual": usual, "worst": extreme}


def show(found: dict[str, Any]) -> None:
    print(f"the yardstick takes {found['yardstick_ms']:.2f} ms")
    for title in ("usual", "worst"):
        print()
        for row in found[title]:
            figures = "  ".join(f"{key} {value:.2f}" for key, value in row.items() if key != "what")
            print(f"{row['what']:58} {figures}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="captions, one a line")
    parser.add_argument("--codec", type=int, choices=CODECS.models, default=CODECS.newest(), help="by its id")
    parser.add_argument("--count", type=int, default=COUNT, help="how many captions of it")
    parser.add_argument("--tokens", type=int, default=MAX_TOKENS, help="how long the worst ones may be")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    lines = chosen.file.read_text("utf-8").splitlines() if chosen.file else drawn(chosen.count)
    found = report(CODECS.models[chosen.codec], lines[: chosen.count], chosen.tokens)
    if chosen.json:
        print(json.dumps(found))
    else:
        show(found)


def drawn(count: int) -> list[str]:
    return [caption(sample(FIRST_SEED + number)) for number in range(count)]


if __name__ == "__main__":
    main()
