from __future__ import annotations

import functools
from dataclasses import fields, replace
from enum import Enum

import numpy as np
import numpy.typing as npt
import pytest

from node.vision.scenes.drawing import draw
from node.vision.scenes.sampling import fits, sample
from node.vision.scenes.world import (
    Action,
    Cloth,
    Creature,
    CreatureKind,
    Fur,
    Garment,
    Hair,
    HairColour,
    Hat,
    Light,
    Person,
    Place,
    Pose,
    Scene,
    Support,
    Thing,
    Who,
)

VISIBLE_PIXELS = 150  # a patch of 12 x 12, clearly another colour
VISIBLE_STEP = 24  # of 255

WOMAN = Person(
    Who.WOMAN, Hair.SHORT, HairColour.BROWN, False, False, Hat.NONE, Garment.SHIRT, Cloth.BLUE, Action.SMILING
)
MAN = replace(WOMAN, who=Who.MAN)
HATTED = replace(MAN, hat=Hat.WOOLLY, glasses=True, beard=True)
CAT = Creature(CreatureKind.CAT, Fur.NATURAL, Pose.SITTING, Support.BENCH, Thing.NOTHING)
BIRD = Creature(CreatureKind.BIRD, Fur.BLACK, Pose.JUMPING, Support.SOFA, Thing.BOOK)


@functools.lru_cache(maxsize=100)
def drawn(scene: Scene) -> npt.NDArray[np.int16]:
    return np.asarray(draw(scene), np.int16)


def changed_pixels(first: Scene, second: Scene) -> int:
    return int((np.abs(drawn(first) - drawn(second)).max(axis=2) > VISIBLE_STEP).sum())


def variants(subject: Person | Creature) -> list[tuple[Person | Creature, Person | Creature]]:
    """Pairs of subjects that differ in one attribute, every two values of each."""
    pairs = []
    for field in fields(subject):
        now = getattr(subject, field.name)
        values = [False, True] if isinstance(now, bool) else list(type(now))
        subjects = [replace(subject, **{field.name: value}) for value in values]
        pairs += [(first, second) for i, first in enumerate(subjects) for second in subjects[i + 1 :]]
    return pairs


@pytest.mark.parametrize("light", list(Light))
@pytest.mark.parametrize("subject", [WOMAN, MAN, HATTED, CAT, BIRD], ids=["woman", "man", "hatted", "cat", "bird"])
def test_every_attribute_of_a_subject_is_visible(subject: Person | Creature, light: Light) -> None:
    for first, second in variants(subject):
        scenes = [Scene(one, Place.PARK, light, variant=7) for one in (first, second)]
        assert changed_pixels(*scenes) > VISIBLE_PIXELS, (first, second)


@pytest.mark.parametrize("subject", [MAN, CAT], ids=["man", "cat"])
def test_every_place_and_light_is_visible(subject: Person | Creature) -> None:
    scenes = [Scene(subject, place, light) for place in Place for light in Light if fits(subject, place)]
    pictures = [np.asarray(draw(scene), np.int16) for scene in scenes]
    for i, first in enumerate(pictures):
        for second in pictures[i + 1 :]:
            assert (np.abs(first - second).max(axis=2) > VISIBLE_STEP).sum() > 1000


def test_the_same_scene_and_moment_give_the_same_picture() -> None:
    for seed in range(10):
        assert draw(sample(seed), 1.25).tobytes() == draw(sample(seed), 1.25).tobytes()


def test_chance_moves_what_no_caption_names() -> None:
    first, second = (draw(Scene(WOMAN, Place.PARK, Light.DAY, variant)) for variant in (1, 2))
    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize(
    "scene",
    [
        Scene(replace(WOMAN, action=Action.TALKING), Place.PLAIN, Light.DAY),
        Scene(replace(WOMAN, action=Action.WAVING), Place.PLAIN, Light.DAY),
        Scene(CAT, Place.SNOW, Light.DAY),
        Scene(CAT, Place.PARK, Light.RAIN),
    ],
    ids=["mouth", "hand", "snowflakes", "raindrops"],
)
def test_what_moves_moves(scene: Scene) -> None:
    assert draw(scene, 0.0).tobytes() != draw(scene, 0.3).tobytes()


def test_eyes_blink() -> None:
    scene = Scene(WOMAN, Place.PLAIN, Light.DAY)
    assert draw(scene, 4.9).tobytes() != draw(scene, 4.0).tobytes()


@pytest.mark.parametrize("size", [64, 256, 320])
def test_a_picture_has_the_size_asked_for(size: int) -> None:
    picture = draw(sample(0), 0.0, size)
    assert picture.size == (size, size)
    assert picture.mode == "RGB"


def test_enumerations_are_words() -> None:
    assert all(
        isinstance(value, Enum) and value == str(value) for value in (*CreatureKind, *Support, *Thing, *Fur, *Pose)
    )
