#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the tables of the high band's code: how likely each level is after those before it.

    scripts/train_high_band.py FILE... > protocol/speech/high_band_tables.py

Each FILE is a recording of one speaker, of 16 kHz or more. The tables in the repository are of the prompts in Debian's
packages `asterisk-core-sounds-{en,es,fr,it,ru}-g722`, 150 s of each, which four people spoke, and of the demo's two
voices. None of them is among the recordings that docs/measurements.md names.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from math import log2
from pathlib import Path

import numpy as np

from node.speech import sound_files
from node.speech.band_extension import HighBandMeter
from node.speech.pcm import FRAME_SAMPLES, Pcm
from protocol.speech.high_band import BANDS, LEVELS, MOST_CHANGE, Gains, context_of

# Frames of 60 ms in a packet.
BUNDLE = 2

# Of each recording, in dB: microphones are nearer or farther.
LOUDER_DB = (-12.0, -6.0, 0.0)

# A recording is so loud at first, where it is loud at all.
LEVEL_DBFS = -22.0

# As much as so many levels seen is what a shorter context knows.
PRIOR = 6.0

CHANGES = range(-MOST_CHANGE, MOST_CHANGE + 1)

# A digit of the tables is 2/3 bit, and 10 bits less than likely is the most.
DIGITS_A_BIT, HIGHEST = 1.5, 15

HEAD = '''"""The chances of the high band's levels: see `protocol.speech.high_band`.

Made by `scripts/train_high_band.py`. A row has a digit for each level, in steps of 2/3 bit: 0 for the likeliest, f for
what hardly occurs.
"""

from __future__ import annotations

__all__ = ["FIRST", "NEXT"]
'''


class Counts:
    """How often each level came after what."""

    def __init__(self) -> None:
        self._seen: dict[tuple[bool, tuple[int, ...]], Counter[int]] = {}

    def add(self, packet: Gains) -> None:
        """Count the levels of one packet, in each of their contexts."""
        for time, band in product(range(len(packet)), range(BANDS)):
            context = context_of(packet, time, band)
            for known in (context[:-1], context):
                self._seen.setdefault((time > 0, known), Counter())[packet[time][band]] += 1

    def row(self, *context: int) -> str:
        """Return the row of a context, in quotes; where it was seen rarely, one that says less stands in."""
        chances = np.full(LEVELS, 1 / LEVELS)
        for known in (context[:-1], context):
            seen = self._seen.get((len(context) > 2, known), Counter())
            found = np.array([seen[level] for level in range(LEVELS)])
            chances = (found + PRIOR * chances) / (found.sum() + PRIOR)
        steps = [min(HIGHEST, round(DIGITS_A_BIT * log2(max(chances) / chance))) for chance in chances]
        return json.dumps("".join(f"{step:x}" for step in steps))


def packets(pcm: Pcm) -> Iterator[Gains]:
    """Yield the gains of each packet of a recording that has any."""
    meter = HighBandMeter()
    frames = pcm[: len(pcm) // (BUNDLE * FRAME_SAMPLES) * BUNDLE * FRAME_SAMPLES].reshape(-1, BUNDLE, FRAME_SAMPLES)
    for bundle in frames:
        gains = tuple(block for frame in bundle for block in meter.levels(frame))
        if any(map(any, gains)):
            yield gains


def recording(path: Path) -> Pcm:
    """Return a recording at its usual level."""
    pcm = np.concatenate(list(sound_files.blocks(path, FRAME_SAMPLES))).astype(float)
    powers = np.square(pcm.reshape(-1, FRAME_SAMPLES)).mean(1)
    loud = powers[powers > powers.max() / 1000].mean()
    return np.asarray(pcm * 10 ** (LEVEL_DBFS / 20) * 32768 / np.sqrt(loud))


def tables(counts: Counts) -> str:
    """Return the module."""
    lines = [HEAD, "# By band, and the level of the band below.", "FIRST = ("]
    for band in range(BANDS):
        rows = [counts.row(band, below) for below in range(LEVELS if band else 1)]
        lines += ["    (", *(f"        {row}," for row in rows), "    ),"]
    lines += [")", "", "# By band, the level 20 ms before, and the change: of the band below, or before.", "NEXT = ("]
    for band in range(BANDS):
        lines += ["    ("]
        for before in range(LEVELS):
            rows = [counts.row(band, before, change) for change in CHANGES]
            lines += [f"        ({', '.join(rows)}),"]
        lines += ["    ),"]
    return "\n".join([*lines, ")"])


def main(names: Sequence[str]) -> None:
    """Count all recordings and print the module."""
    counts = Counts()
    for name, louder in product(names, LOUDER_DB):
        pcm = recording(Path(name)) * 10 ** (louder / 20)
        for packet in packets(np.clip(np.rint(pcm), -32768, 32767).astype(np.int16)):
            counts.add(packet)
    print(tables(counts))


if __name__ == "__main__":
    main(sys.argv[1:])
