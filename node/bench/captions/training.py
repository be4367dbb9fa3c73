"""The text that the baselines learn from: a file, or sentences that the package itself can write."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from node.bench.captions.lines import read_lines

SCENES = 4000
SEED = 0


@dataclass(frozen=True, slots=True)
class Training:
    """Lines, and in words where they are from."""

    lines: list[str]
    about: str


def training(path: Path | None) -> Training:
    """The lines of the file, by default captions of drawn scenes. Raises NodeError for a file that cannot be read."""
    if path is not None:
        lines = read_lines(path)
        return Training(lines, f"the {len(lines):,} lines of {path.name}")
    return Training(scene_captions(SCENES, SEED), f"{SCENES:,} captions of the project's own drawn scenes")


def scene_captions(count: int, seed: int) -> list[str]:
    """Captions of scenes that the project draws, each in one of its wordings; the same for the same seed."""
    from node.vision.scenes import grammar, world

    rng = random.Random(seed)
    return [grammar.phrasings(world.sample(rng.getrandbits(32)), rng) for _ in range(count)]
