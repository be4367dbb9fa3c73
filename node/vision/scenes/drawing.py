"""Drawing of a scene: its backdrop, and its subject in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.vision.scenes.animals import paint_creature
from node.vision.scenes.furniture import paint_support_before, paint_support_behind, paint_thing
from node.vision.scenes.lights import LIGHTING
from node.vision.scenes.paint import UNITS, Canvas
from node.vision.scenes.people import paint_person
from node.vision.scenes.places import paint_place
from node.vision.scenes.world import Creature, Person, Pose, Scene, Thing, Variation, variation_of

if TYPE_CHECKING:
    from PIL.Image import Image


def draw(scene: Scene, seconds: float = 0.0, size: int = UNITS) -> Image:
    """Draw the scene `seconds` after it began, as an RGB picture of `size` x `size`.

    The same arguments give the same picture.
    """
    canvas = Canvas.blank(size)
    paint_place(canvas, scene.place, scene.light, seconds)
    figure = canvas.lit(LIGHTING[scene.light].figure)
    if isinstance(scene.subject, Person):
        paint_person(figure, scene.subject, variation_of(scene), seconds)
    elif isinstance(scene.subject, Creature):
        _paint_still_life(figure, scene.subject, variation_of(scene), seconds)
    return canvas.finished()


def _paint_still_life(canvas: Canvas, creature: Creature, variation: Variation, seconds: float) -> None:
    base = canvas.at(124 + 8 * variation.across, 189 + 6 * variation.down)
    paint_support_behind(base, creature.support)
    aside = 0 if creature.thing is Thing.NOTHING else -26
    if creature.pose is Pose.JUMPING:
        base.ellipse(aside, 4, 44, 6, (70, 62, 80))
    paint_creature(base.at(aside, 4, 1.18), creature, seconds)
    paint_support_before(base, creature.support)
    paint_thing(base.at(78, 12, 1.1), creature.thing)
