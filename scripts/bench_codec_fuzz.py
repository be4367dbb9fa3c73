#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Throw any text and any bytes at the caption codecs that have a model, by turns: what issue 4 asks of it, at length.

Texts of every kind must come back as they were (with "?" for lone surrogates), alone and against an earlier caption,
in no more than their UTF-8 and two bytes; any bytes must decode to some text or raise `CaptionError`. Ends with exit
code 1 if anything failed.

    .venv/bin/python scripts/bench_codec_fuzz.py --strings 100000 --bytes 100000
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from tqdm import tqdm

from node.captions.coder import shipped_codecs
from node.vision.scenes import caption, sample
from protocol.captions.tokens import scalars
from protocol.errors import CaptionError
from protocol.frames import MAX_CAPTION_BYTES

CODECS = [*shipped_codecs().models.values()]

SPARE_BYTES = 2
SECONDS = 5.0  # that one decoding may take, on a core that others use too
SHOWN = 10
LONG = 10_000

# Where the signs of a text come from: letters, ASCII with its control characters, accents and combining marks,
# Arabic, bidirectional marks, surrogates, emoji, everything.
RANGES = (
    (0x61, 0x7A), (0x41, 0x7A), (0x00, 0x7F), (0x80, 0x24F), (0x300, 0x36F), (0x600, 0x6FF), (0x200B, 0x202E),
    (0x4E00, 0x9FFF), (0xD800, 0xDFFF), (0xFE00, 0xFEFF), (0x1F300, 0x1FAFF), (0x00, 0x10FFFF),
)  # fmt: skip

Kinds = Counter[str]


def text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return edited(rng, caption(sample(rng.randrange(1 << 30))))
    if kind < 0.65:
        return edited(rng, " ".join(rng.choices(CODECS[0].model().words, k=rng.randrange(20))))
    if kind < 0.995:
        return signs(rng, rng.choice((1, 4, 20, 100)))
    return signs(rng, LONG)


def signs(rng: random.Random, most: int) -> str:
    ranges = rng.sample(RANGES, rng.randrange(1, 4))
    repeated = "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(0, most)))
    return repeated if rng.random() < 0.9 else (repeated * most)[:most]


def edited(rng: random.Random, told: str) -> str:
    """The text with words written otherwise, a sign put in or a part taken out; often as it was."""
    match rng.randrange(6):
        case 0:
            return told.capitalize() + rng.choice(("", "."))
        case 1:
            return " ".join(rng.choice((word, word.title(), word.upper(), word.swapcase())) for word in told.split(" "))
        case 2:
            at = rng.randint(0, len(told))
            return told[:at] + signs(rng, 3) + told[at + rng.randrange(3) :]
        case _:
            return told


def earlier(rng: random.Random, told: str) -> str | None:
    """What the text may be coded against: nothing, itself, something like it, something else."""
    return rng.choice((None, None, told, edited(rng, told), edited(rng, told), text(rng)))


def check_string(rng: random.Random) -> str:
    """Code one text; return of which kind it was, or raise."""
    told = text(rng)
    before = earlier(rng, told)
    codec = rng.choice(CODECS)
    data = codec.encode(told, before)[0]
    if codec.decode(data, before) != scalars(told):
        raise AssertionError(f"{told!r} against {before!r} came back as another")
    if len(data) > len(scalars(told).encode()) + SPARE_BYTES:
        raise AssertionError(f"{told!r} against {before!r} takes {len(data)} bytes")
    return "plain" if data[:1] == b"\xff" else "alone" if before is None else "against an earlier one"


def check_bytes(rng: random.Random) -> str:
    """Decode some bytes; return what came of it, or raise."""
    most = MAX_CAPTION_BYTES if rng.random() < 0.02 else 24
    data = rng.randbytes(rng.randint(0, most))
    if rng.random() < 0.1:
        data = b"\xff" + data
    before = earlier(rng, text(rng))
    began = time.perf_counter()
    try:
        rng.choice(CODECS).decode(data, before).encode()
        outcome = "a caption"
    except CaptionError as error:
        outcome = str(error)
    if time.perf_counter() - began > SECONDS:
        raise AssertionError(f"{data.hex()} against {before!r} took {time.perf_counter() - began:.1f} s")
    return outcome


def run(name: str, number: int, rng: random.Random, check: Callable[[random.Random], str]) -> list[str]:
    """Check so many; print what came out and return what failed."""
    kinds: Kinds = Counter()
    failures: list[str] = []
    for _ in tqdm(range(number), name, unit=""):
        try:
            kinds[check(rng)] += 1
        except Exception as error:  # whatever it is, it is what is looked for
            failures.append(repr(error))
    print(f"{name}: {number}, {len(failures)} failed")
    for kind, count in kinds.most_common():
        print(f"  {count:7} {kind}")
    for failure in failures[:SHOWN]:
        print(f"  FAILED {failure[:500]}")
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strings", type=int, default=100_000, metavar="N", help="texts to code")
    parser.add_argument("--bytes", type=int, default=100_000, metavar="N", help="strings of bytes to decode")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    failures = run("strings", arguments.strings, rng, check_string)
    failures += run("bytes", arguments.bytes, rng, check_bytes)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
