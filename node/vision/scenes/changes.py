"""Sequences of scenes: the same subject in the same place, of which one attribute changes now and then."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from node.vision.scenes.drawing import draw
from node.vision.scenes.paint import UNITS
from node.vision.scenes.sampling import sample
from node.vision.scenes.world import (
    Action,
    Creature,
    Hat,
    Light,
    Nobody,
    Person,
    Pose,
    Scene,
    Subject,
    Thing,
)

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

# Long enough for a scene to be captioned, sent and painted before the next change.
SECONDS_PER_SCENE = 4.0

# Of the changes, those of the subject's action or pose: the others are light, hat, glasses, things.
ACTION_SHARE = 0.7


class SceneSequence:
    """An endless sequence of scenes, each different from the last by one attribute; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"pictophone-story-{seed}")
        self._scenes = [_first(seed)]

    def scene(self, seconds: float) -> Scene:
        """Return the scene `seconds` after the start."""
        index = int(seconds / SECONDS_PER_SCENE)
        while len(self._scenes) <= index:
            self._scenes.append(_next(self._scenes[-1], self._rng))
        return self._scenes[index]

    def image(self, seconds: float, size: int = UNITS) -> Image:
        """Draw the scene of that moment, as an RGB picture of `size` x `size`."""
        return draw(self.scene(seconds), seconds, size)


def _first(seed: int) -> Scene:
    """Return the scene of the seed; if nobody is there, that of the next one where a subject is."""
    scenes = (sample(number) for number in count(seed))
    return next(scene for scene in scenes if not isinstance(scene.subject, Nobody))


def _next(scene: Scene, rng: random.Random) -> Scene:
    """Return the scene with one attribute changed."""
    subject = scene.subject
    if rng.random() < ACTION_SHARE:
        return replace(scene, subject=_moved(subject, rng))
    if rng.random() < 0.5:
        return replace(scene, light=_other(list(Light), scene.light, rng))
    return replace(scene, subject=_rearranged(subject, rng))


def _moved(subject: Subject, rng: random.Random) -> Subject:
    """Return the subject with another action or pose."""
    match subject:
        case Person():
            return replace(subject, action=_other(list(Action), subject.action, rng))
        case Creature():
            return replace(subject, pose=_other(list(Pose), subject.pose, rng))
    return subject


def _rearranged(subject: Subject, rng: random.Random) -> Subject:
    """Return the subject with other glasses, another hat or another thing beside it."""
    match subject:
        case Creature():
            return replace(subject, thing=_other(list(Thing), subject.thing, rng))
        case Person() if rng.random() < 0.5:
            return replace(subject, glasses=not subject.glasses)
        case Person():
            return replace(subject, hat=_other(list(Hat), subject.hat, rng))
    return subject


def _other(values: list[T], current: T, rng: random.Random) -> T:
    return rng.choice([value for value in values if value != current])
