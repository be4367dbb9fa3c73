#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What a painter of drawn scenes knows of other people's sentences, and whether it knows all of its own.

Sentences from files, one a line, are counted as painted (all of it), in part (a scene, and the rest written beneath)
or on a card; those that are painted at all are printed, to be judged. Captions of the world are sampled in all
phrasings; one is refused unless all of it is painted, as the scene that it is of.

    scripts/bench_coverage.py --first 100 coco.txt tests/data/foreign_captions.txt
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from itertools import islice
from pathlib import Path

from node.vision.scenes import caption, phrasings, sample
from node.vision.scenes.reading import Coverage, coverage

FIRST_SEED = 30_000_000  # of scenes: far from those that models were trained and measured on


def kind(covered: Coverage) -> str:
    """Return how words are shown: "card", "part" or "painted"."""
    if not covered.known:
        return "card"
    return "part" if covered.rest else "painted"


def refused(number: int) -> int:
    """Return how many of the captions of so many scenes are not painted as those scenes."""
    scenes = map(sample, range(FIRST_SEED, FIRST_SEED + number))
    wordings = ((scene, phrasings(scene, random.Random(scene.variant))) for scene in scenes)
    return sum(coverage(text) != Coverage(caption(scene), "") for scene, text in wordings)


def main() -> None:
    """Print the figures as JSON, after the sentences that are painted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="sentences, one a line")
    parser.add_argument("--first", type=int, help="so many of each file (default: all)")
    parser.add_argument("--captions", type=int, default=2000, help="so many captions of the world")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    for path in options.files:
        counts = Counter({"painted": 0, "part": 0, "card": 0})
        with path.open(encoding="utf-8") as file:
            for text in islice(map(str.strip, file), options.first):
                covered = coverage(text)
                counts[kind(covered)] += 1
                if covered.known:
                    print(f"{text}\n    painted: {covered.known}\n    beneath: {covered.rest}")
        figures[path.stem] = counts
    figures["refused"] = {"of": options.captions, "refused": refused(options.captions)}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
