#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the golden vectors of the high band's code: levels of the demo's voices, and the bytes they must be coded as.

    .venv/bin/python scripts/make_golden_high_band.py      (to tests/data/golden_high_band.json)

To be run once for each code, and never because a test fails.
"""

from __future__ import annotations

import json
from pathlib import Path

from node.speech import sound_files
from node.speech.band_extension import HighBandMeter
from node.speech.pcm import FRAME_SAMPLES
from protocol.speech import high_band
from protocol.speech.high_band import BANDS, LEVELS, Gains

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "data" / "golden_high_band.json"

# What no voice has.
MADE_UP: tuple[Gains, ...] = (
    ((0,) * BANDS,) * 3,
    ((LEVELS - 1,) * BANDS,) * 6,
    ((0, LEVELS - 1, 0, LEVELS - 1), (LEVELS - 1, 0, LEVELS - 1, 0)) * 3,
    ((1, 2, 3, 4),),
)


def main() -> None:
    """Write the file: packets of two frames in turn with packets of one."""
    spoken = []
    for path in sorted((ROOT / "node" / "media" / "dialogue").glob("*.opus"))[:4]:
        meter = HighBandMeter()
        blocks = [meter.levels(frame) for frame in sound_files.blocks(path, FRAME_SAMPLES)]
        spoken += [blocks[at] + blocks[at + 1] for at in range(0, len(blocks) - 2, 3)]
        spoken += [blocks[at] for at in range(2, len(blocks), 9)]
    vectors = [{"gains": gains, "bytes": high_band.encode(gains).hex()} for gains in (*MADE_UP, *spoken)]
    FILE.write_text("[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
