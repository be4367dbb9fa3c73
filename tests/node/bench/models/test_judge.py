"""The judge's own errors: on pictures whose truth is known because the scene camera drew them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from node.bench.models.judge import judge
from node.vision.scenes import Creature, Person, Scene, attributes, draw, sample
from node.vision.scenes.paint import Canvas
from node.vision.scenes.places import paint_place
from node.vision.scenes.world import Cloth, Fur, Light, Place, Thing

PERSON = next(scene for scene in map(sample, range(100)) if isinstance(scene.subject, Person))
ANIMAL = next(scene for scene in map(sample, range(100)) if isinstance(scene.subject, Creature))


def softened(image: Image.Image) -> Image.Image:
    """As a generator's autoencoder leaves it: soft and a little noisy."""
    small = image.resize((128, 128), Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
    noisy = np.asarray(small) + np.random.default_rng(1).normal(0, 6, (*image.size, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def test_drawn_pictures_are_judged_right_whatever_is_unnamed() -> None:
    right = total = 0
    for seed in range(300, 307):
        scene = sample(seed)
        painted = softened(draw(scene, seconds=seed / 7))
        truth, told = attributes(scene), judge(painted, replace(scene, variant=0)).attributes
        right += sum(told[name] == value for name, value in truth.items())
        total += len(truth)
        assert told.keys() == truth.keys()
    assert right >= 0.98 * total


@pytest.mark.parametrize(
    ("scene", "name", "value"),
    [
        (PERSON, "cloth", Cloth.YELLOW),
        (PERSON, "place", Place.BEACH),
        (ANIMAL, "fur", Fur.GREY),
        (ANIMAL, "thing", Thing.UMBRELLA),
        (ANIMAL, "light", Light.NIGHT),
    ],
)
def test_what_was_painted_wrong_is_seen(scene: Scene, name: str, value: str) -> None:
    if name in ("place", "light"):
        wrong = replace(scene, **{name: value})  # type: ignore[arg-type]
    else:
        wrong = replace(scene, subject=replace(scene.subject, **{name: value}))  # type: ignore[arg-type]
    told = judge(draw(wrong), scene).attributes
    assert told == attributes(scene) | {name: str(value)}


def test_a_figure_in_its_place_overlaps_and_an_empty_place_does_not() -> None:
    assert judge(draw(PERSON), PERSON).overlap > 0.8
    bare = Canvas.blank(256)
    paint_place(bare, PERSON.place, PERSON.light, 0.0)
    assert judge(bare.finished(), PERSON).overlap < 0.2
    assert judge(draw(PERSON).resize((512, 512)), PERSON).overlap > 0.8
