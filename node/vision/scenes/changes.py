"""What a scene camera sees as time passes: the same subject in the same place, one attribute changing now and then."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from node.vision.scenes.drawing import draw
from node.vision.scenes.paint import UNITS
from node.vision.scenes.world import Action, Creature, Hat, Light, Person, Pose, Scene, Thing, sample

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

CHAPTER_SECONDS = 4.0  # long enough to be captioned, sent and painted before the next change
MOSTLY_ACTION = 0.7  # share of the changes that are what the subject does: the rest are light, hat, glasses, things


class Story:
    """A camera's view, without end: every few seconds one attribute changes. The same seed tells the same story."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"pictophone-story-{seed}")
        self._chapters = [sample(seed)]

    def scene(self, seconds: float) -> Scene:
        """What the camera sees `seconds` after it was switched on."""
        chapter = int(seconds / CHAPTER_SECONDS)
        while len(self._chapters) <= chapter:
            self._chapters.append(_next(self._chapters[-1], self._rng))
        return self._chapters[chapter]

    def image(self, seconds: float, size: int = UNITS) -> Image:
        """The picture it takes then."""
        return draw(self.scene(seconds), seconds, size)


def _next(scene: Scene, rng: random.Random) -> Scene:
    """The scene with one attribute changed."""
    subject = scene.subject
    if rng.random() < MOSTLY_ACTION:
        if isinstance(subject, Person):
            return replace(scene, subject=replace(subject, action=_other(list(Action), subject.action, rng)))
        return replace(scene, subject=replace(subject, pose=_other(list(Pose), subject.pose, rng)))
    if rng.random() < 0.5:
        return replace(scene, light=_other(list(Light), scene.light, rng))
    return replace(scene, subject=_rearranged(subject, rng))


def _rearranged(subject: Person | Creature, rng: random.Random) -> Person | Creature:
    if isinstance(subject, Creature):
        return replace(subject, thing=_other(list(Thing), subject.thing, rng))
    if rng.random() < 0.5:
        return replace(subject, glasses=not subject.glasses)
    return replace(subject, hat=_other(list(Hat), subject.hat, rng))


def _other(values: list[T], now: T, rng: random.Random) -> T:
    return rng.choice([value for value in values if value != now])
