#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What the bits beside the words buy: looks of 0, 8 and 16 bytes, and the best of 1, 4 and 16 seeds.

Scenes that were never trained on are captioned by their canonical words, painted, and compared with their snapshots:
by colours in 16 x 16 blocks (root mean square difference in levels, and PSNR of it), by structural similarity (Wang et
al. 2004) of the brightness at 64 x 64 pixels, and by the attributes that the captioner reads from the painted picture.
All in one run on the same scenes and seeds; "of the first" is a row's block difference over the first row's.

    scripts/bench_look.py --scenes 32
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.console import Console
from rich.progress import track

from node.vision.captioner import Captioner
from node.vision.generator import Generator
from node.vision.image_metrics import difference
from node.vision.look_transfer import encode_look
from node.vision.presets import preset
from node.vision.scenes import Scene, attributes, attributes_of, caption, draw, held_out, sample

FIRST_SEED = 7_000_000  # of scenes: far from those that training starts at
LOOKS = (0, 8, 16)
TRIES = (1, 4, 16)
SIDE, WINDOW = 64, 8
STABLE_MEAN, STABLE_SPREAD = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # the constants of SSIM


@dataclass(frozen=True, slots=True)
class Result:
    """One painted picture against its snapshot."""

    blocks: float
    similarity: float
    attributes: float


def scenes(number: int) -> list[Scene]:
    """Scenes whose combinations of attributes were kept out of training."""
    return list(islice(filter(held_out, map(sample, count(FIRST_SEED))), number))


def similarity(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of the brightness, 1 for the same picture, over windows that do not overlap."""
    x, y = _windows(one), _windows(other)
    mean_x, mean_y = x.mean(axis=1), y.mean(axis=1)
    covariance = (x * y).mean(axis=1) - mean_x * mean_y
    alike = (2 * mean_x * mean_y + STABLE_MEAN) * (2 * covariance + STABLE_SPREAD)
    return float(
        (alike / ((mean_x**2 + mean_y**2 + STABLE_MEAN) * (x.var(axis=1) + y.var(axis=1) + STABLE_SPREAD))).mean()
    )


def _windows(image: Image.Image) -> npt.NDArray[np.float64]:
    """(windows, pixels) of the shrunk picture's brightness."""
    small = np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float64)
    rows = SIDE // WINDOW
    return small.reshape(rows, WINDOW, rows, WINDOW).swapaxes(1, 2).reshape(rows * rows, WINDOW * WINDOW)


class Bench:
    """Paints a scene in every way once; the best of N seeds are the best of its first N paintings."""

    def __init__(self, models: str) -> None:
        chosen = preset(models)
        self.generator, self.captioner = Generator(chosen.generator), Captioner(chosen.captioner)

    def rows(self, scene: Scene) -> Iterator[tuple[tuple[int, int], Result]]:
        """By bytes of look and tries."""
        snapshot, words = draw(scene), caption(scene)
        for size in LOOKS:
            look = encode_look(snapshot, size)
            painted = [self.generator.paint(words, seed, look) for seed in range(max(TRIES))]
            gaps = [difference(picture, snapshot) for picture in painted]
            for tries in TRIES:
                best = min(range(tries), key=gaps.__getitem__)
                yield (size, tries), self._result(scene, painted[best], snapshot)

    def _result(self, scene: Scene, picture: Image.Image, snapshot: Image.Image) -> Result:
        read = attributes_of(self.captioner.caption(picture))
        kept = [read.get(name) == value for name, value in attributes(scene).items()]
        return Result(difference(picture, snapshot), similarity(picture, snapshot), sum(kept) / len(kept))


def summarise(results: dict[tuple[int, int], list[Result]]) -> list[dict[str, float]]:
    """One row for each way, means over the scenes; the PSNR is of the mean square difference."""
    rows: list[dict[str, float]] = []
    for (size, tries), each in results.items():
        blocks = float(np.mean([result.blocks for result in each]))
        squares = float(np.mean([result.blocks**2 for result in each]))
        row = {"look_bytes": size, "tries": tries, "bits": size * 8 + math.log2(tries), "blocks": blocks}
        row["of_first"] = blocks / rows[0]["blocks"] if rows else 1.0
        row["psnr"] = 10 * math.log10(255**2 / squares)
        row["similarity"] = float(np.mean([result.similarity for result in each]))
        row["attributes"] = float(np.mean([result.attributes for result in each]))
        rows.append(row)
    return rows


def table(rows: list[dict[str, float]]) -> str:
    """The rows for the README."""
    head = "| look | tries | bits | block difference | of the first | PSNR | SSIM | attributes read |"
    return "\n".join([head, "|---|" + "--:|" * 7, *map(_line, rows)])


def _line(row: dict[str, float]) -> str:
    cells = [f"{row['look_bytes']} B", f"{row['tries']}", f"{row['bits']:.0f}", f"{row['blocks']:.1f}"]
    cells += [f"{row['of_first']:.2f}", f"{row['psnr']:.1f} dB", f"{row['similarity']:.3f}", f"{row['attributes']:.1%}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=32)
    parser.add_argument("--models", default="embedded", help="a preset")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    bench = Bench(arguments.models)
    results: dict[tuple[int, int], list[Result]] = {}
    for scene in track(scenes(arguments.scenes), "painting", console=Console(stderr=True)):
        for way, result in bench.rows(scene):
            results.setdefault(way, []).append(result)
    rows = summarise(results)
    print(json.dumps(rows) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
