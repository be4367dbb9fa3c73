#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How like the person in the camera the painted person is: skin, place and size, with the default settings.

Drawn people that were never trained on come before the camera, each doing several things one after the other. Every
picture is captioned and painted as in a call (`--models embedded`, no look, one try), by the likeness that is read of
it. With `--people FOLDER`, so are the photos of it that show a face, each a call of its own.

Skin is the median colour of a patch of a few pixels below the eyes, beside the nose, where glasses, beards and blush
leave a face bare: in a drawing where its face is, in a painting where the seed puts it, in a photo what perception
takes from the cheeks. What was sent is not used. Distances are those of CIE Lab (D65; CIE76, plain Euclidean). "Among
themselves" is the mean distance between the paintings of one person. Place and size of a painting are those that the
captioner's head reads of it, in pixels of 256 and as a share. "Captioner" and "perceiver" are the shares of paintings
of which each says the action that was painted; the perceiver, which is made for photos, is asked with --people only,
and of paintings in which it finds a face.

    scripts/bench_likeness.py --scenes 60 --people ../shared/data/people
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, count, islice
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.console import Console
from rich.progress import track

from node.vision import likeness
from node.vision.captioner import Captioner
from node.vision.generator import Generator
from node.vision.images import open_small
from node.vision.people.wording import words_of
from node.vision.perception.colours import lab
from node.vision.perception.perceiver import Perceiver
from node.vision.presets import preset
from node.vision.scenes import Person, Scene, Variation, attributes_of, draw, held_out, sample, variation_of
from node.vision.scenes.faces import LOOK_SHIFT
from node.vision.scenes.paint import UNITS
from node.vision.scenes.people import HEAD_SCALE, LEANING_TILT, SLEEPING_TILT, face_position
from node.vision.scenes.world import Action
from node.vision.seed_table import seed_numbers
from node.vision.seeds import SeedChooser

FIRST_SEED = 13_000_000  # of scenes: far from those that training starts at
PATCH = ((-3.0, 3.0), (1.0, 9.0))  # across and down, in a head's own units
PHOTO_ENDINGS = (".jpg", ".jpeg", ".png")

Lab = npt.NDArray[np.float64]


@dataclass
class Figures:
    """What was measured of one kind of pictures."""

    skin: list[float] = field(default_factory=list)
    among: list[float] = field(default_factory=list)
    across: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)
    captioner: list[float] = field(default_factory=list)
    perceiver: list[float] = field(default_factory=list)
    unseen: int = 0  # people of whom no likeness was read

    def summary(self) -> dict[str, float]:
        """Medians and 95th percentiles."""
        values = {"pictures": float(len(self.skin)), "unseen": float(self.unseen)}
        for name in ("skin", "among", "across", "down", "size"):
            each = getattr(self, name)
            if each:
                values |= {f"{name}_p50": float(np.median(each)), f"{name}_p95": float(np.quantile(each, 0.95))}
        for name in ("captioner", "perceiver"):
            each = getattr(self, name)
            if each:
                values[name] = float(np.mean(each))
        return values


def drawn_people(number: int) -> list[Scene]:
    """People whose combinations of attributes were kept out of training."""
    scenes = filter(held_out, map(sample, count(FIRST_SEED)))
    return list(islice((scene for scene in scenes if isinstance(scene.subject, Person)), number))


def doing(scene: Scene, number: int) -> list[Scene]:
    """The same person in the same place, doing so many things."""
    assert isinstance(scene.subject, Person)
    others = [action for action in Action if action is not scene.subject.action]
    chosen = random.Random(scene.variant).sample(others, number - 1)
    return [scene] + [replace(scene, subject=replace(scene.subject, action=action)) for action in chosen]


def patch(picture: Image.Image, variation: Variation, action: Action | None) -> Lab:
    """The median colour, in Lab, of the bare patch of a face that is there."""
    x, y, size, tilt = face_position(variation)
    turn = np.radians(tilt + {Action.SLEEPING: SLEEPING_TILT, Action.LEANING: LEANING_TILT}.get(action, 0.0))
    aside = LOOK_SHIFT if action is Action.LOOKING_AWAY else 0.0
    across, down = np.meshgrid(np.arange(PATCH[0][0] + aside, PATCH[0][1] + aside + 0.5), np.arange(*PATCH[1], 1.0))
    scale = size * HEAD_SCALE
    columns = np.rint(x + scale * (across * np.cos(turn) - down * np.sin(turn))).astype(int)
    rows = np.rint(y + scale * (across * np.sin(turn) + down * np.cos(turn))).astype(int)
    pixels = np.asarray(picture.convert("RGB").resize((UNITS, UNITS)))[rows, columns]
    return np.median(lab(pixels).reshape(-1, 3), axis=0)


def distance(one: Lab, other: Lab) -> float:
    """CIE76."""
    return float(np.linalg.norm(one - other))


class Bench:
    """The models of a call, and what a painting by them shows."""

    def __init__(self, captioner: str, generator: str, perceiver: Perceiver | None) -> None:
        self.captioner, self.generator, self.perceiver = Captioner(captioner), Generator(generator), perceiver

    def call(self, story: list[Scene], figures: Figures) -> None:
        """Show a person to the camera, and measure the paintings."""
        seeds, skins = SeedChooser(), []
        for scene in story:
            assert isinstance(scene.subject, Person)
            snapshot, truth = draw(scene), variation_of(scene)
            words, read = self.captioner.read(snapshot)
            figures.unseen += read is None
            seeds.notice(read)
            seed = asyncio.run(seeds.choose(words, snapshot, b""))
            painting = self.generator.paint(words, seed)
            skins.append(patch(painting, numbers_of(seed), scene.subject.action))
            figures.skin.append(distance(patch(snapshot, truth, scene.subject.action), skins[-1]))
            self._measure(painting, words, truth, figures)
        figures.among += [float(np.mean([distance(*pair) for pair in combinations(skins, 2)]))] if skins[1:] else []

    def _measure(self, painting: Image.Image, words: str, truth: Variation, figures: Figures) -> None:
        said, shown = self.captioner.read(painting)
        action = attributes_of(words).get("action")
        figures.captioner.append(attributes_of(said).get("action") == action)
        seen = None if self.perceiver is None else self.perceiver.observe(painting)
        if seen is not None and seen.face is not None and seen.action is not None:
            figures.perceiver.append(seen.action == action)
        if shown is not None:
            gaps = np.abs(np.subtract(face_position(shown), face_position(truth)))
            figures.across.append(float(gaps[0]))
            figures.down.append(float(gaps[1]))
            figures.size.append(float(gaps[2]))

    def photos(self, folder: Path, figures: Figures) -> None:
        """Show each photo to the camera, and measure its painting."""
        assert self.perceiver is not None
        for path in track(sorted(photos_in(folder)), "photos", console=Console(stderr=True)):
            observation = self.perceiver.observe(open_small(path))
            if observation.face is None:
                continue
            read = likeness.of_photo(observation)
            if read is None or observation.skin is None:
                figures.unseen += 1
                continue
            seeds = SeedChooser()
            seeds.notice(read)
            words = words_of(observation)
            seed = asyncio.run(seeds.choose(words, Image.new("RGB", (8, 8)), b""))
            painting = self.generator.paint(words, seed)
            skin = lab(np.array(observation.skin, np.float64))
            figures.skin.append(distance(skin, patch(painting, numbers_of(seed), None)))
            self._measure(painting, words, read, figures)


def numbers_of(seed: int) -> Variation:
    """The variation that a seed means."""
    return Variation(*map(float, seed_numbers([seed])[0]))


def photos_in(folder: Path) -> Iterator[Path]:
    """The photos of a folder."""
    return (path for path in folder.iterdir() if path.suffix.lower() in PHOTO_ENDINGS)


def table(results: dict[str, dict[str, float]]) -> str:
    """The figures, a column for each kind of pictures."""
    names = sorted({name for figures in results.values() for name in figures})
    lines = [f"{'':12}" + "".join(f"{kind:>10}" for kind in results)]
    for name in names:
        cells = (f"{figures[name]:10.2f}" if name in figures else " " * 10 for figures in results.values())
        lines.append(f"{name:12}" + "".join(cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=60, help="drawn people")
    parser.add_argument("--pictures", type=int, default=3, help="of each person, doing different things")
    parser.add_argument("--people", type=Path, help="a folder of photos")
    parser.add_argument("--captioner", default=preset("embedded").captioner)
    parser.add_argument("--generator", default=preset("embedded").generator)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    perceiver = Perceiver() if arguments.people is not None else None
    bench = Bench(arguments.captioner, arguments.generator, perceiver)
    results = {}
    if arguments.scenes:
        drawn = Figures()
        for scene in track(drawn_people(arguments.scenes), "drawn people", console=Console(stderr=True)):
            bench.call(doing(scene, arguments.pictures), drawn)
        results["drawn"] = drawn.summary()
    if arguments.people is not None:
        photos = Figures()
        bench.photos(arguments.people, photos)
        results["photos"] = photos.summary()
    print(json.dumps(results) if arguments.json else table(results))


if __name__ == "__main__":
    main()
