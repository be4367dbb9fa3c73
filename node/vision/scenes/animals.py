"""Drawing of cats, dogs, birds, horses and teddy bears, each sitting, sleeping or jumping.

The four-legged share three bodies; a cat differs by its head, its tail and its pattern. The origin is where the animal
touches its support; it is about 110 units high.
"""

from __future__ import annotations

from node.vision.scenes.heads import HEADS, INK, Coat
from node.vision.scenes.paint import Canvas, Colour, darker, lighter
from node.vision.scenes.world import Creature, CreatureKind, Fur, Pose

FURS: dict[Fur, Colour] = {
    Fur.BLACK: (52, 50, 60),
    Fur.WHITE: (248, 246, 242),
    Fur.BROWN: (134, 84, 48),
    Fur.ORANGE: (244, 144, 48),
    Fur.GREY: (146, 152, 164),
}

# Of the eyes.
BLINK_PERIOD_S = 4.0
BLINK_S = 0.15

# An animal whose colour is not named has a pattern, so that it is never confused with one of a single colour.
NATURAL: dict[CreatureKind, Coat] = {
    CreatureKind.CAT: Coat((196, 176, 140), (248, 238, 220), (92, 76, 58)),
    CreatureKind.DOG: Coat((250, 240, 222), (255, 250, 240), (176, 104, 52)),
    CreatureKind.BIRD: Coat((58, 132, 220), (250, 206, 70), (32, 84, 170)),
    CreatureKind.HORSE: Coat((178, 116, 72), (244, 232, 214), (250, 244, 232)),
    CreatureKind.TEDDY: Coat((232, 200, 150), (250, 232, 198), (206, 72, 84)),
}


def coat_of(kind: CreatureKind, fur: Fur) -> Coat:
    """Return the colours of an animal of this kind and fur."""
    if fur is Fur.NATURAL:
        return NATURAL[kind]
    base = FURS[fur]
    light = darker(base, 0.08) if fur is Fur.WHITE else lighter(base, 0.28)
    return Coat(base, light, None)


def paint_creature(canvas: Canvas, creature: Creature, seconds: float) -> None:
    """Draw the animal on the origin of the canvas."""
    coat = coat_of(creature.kind, creature.fur)
    closed = creature.pose is Pose.SLEEPING or seconds % BLINK_PERIOD_S > BLINK_PERIOD_S - BLINK_S
    if creature.kind is CreatureKind.BIRD:
        _bird(canvas, creature.pose, coat, closed)
    elif creature.pose is Pose.SITTING:
        _sitting(canvas, creature.kind, coat, closed)
    elif creature.pose is Pose.SLEEPING:
        _lying(canvas, creature.kind, coat)
    else:
        _jumping(canvas.at(6, -38, 0.9, -14), creature.kind, coat, closed)


def _sitting(canvas: Canvas, kind: CreatureKind, coat: Coat, closed: bool) -> None:
    _tail(canvas.at(30, -14), kind, coat)
    canvas.blob([(0, -80), (24, -64), (38, -26), (36, 2), (0, 6), (-36, 2), (-38, -26), (-24, -64)], coat.base)
    _body_marks(canvas, kind, coat)
    canvas.ellipse(0, -34, 17, 26, coat.light)
    for side in (-1, 1):
        if kind is CreatureKind.TEDDY:
            canvas.ellipse(side * 36, -42, 11, 20, coat.shade, side * -24)
            canvas.ellipse(side * 30, -4, 18, 16, coat.shade)
            canvas.ellipse(side * 30, -4, 11, 10, coat.light)
        else:
            foot = INK if kind is CreatureKind.HORSE else coat.light
            canvas.ellipse(side * 30, -6, 16, 13, coat.shade)
            canvas.box(side * 12 - 9, -40, side * 12 + 9, 2, coat.base, 8)
            canvas.ellipse(side * 12, 0, 11, 6.5, foot)
    HEADS[kind](canvas.at(0, -88), coat, closed)


def _lying(canvas: Canvas, kind: CreatureKind, coat: Coat) -> None:
    _tail(canvas.at(58, -16, 0.9, 30), kind, coat)
    canvas.blob([(-60, -14), (-34, -42), (10, -50), (52, -40), (66, -12), (54, 4), (0, 5), (-50, 4)], coat.base)
    if coat.marks:
        _body_marks(canvas.at(24, 2, 0.8), kind, coat)
    canvas.ellipse(36, -10, 24, 14, coat.shade)
    foot = INK if kind is CreatureKind.HORSE else coat.light
    canvas.ellipse(46, 0, 14, 6.5, foot)
    canvas.ellipse(-16, 0, 16, 6.5, foot)
    HEADS[kind](canvas.at(-42, -24, 0.94, -10), coat, True)


def _jumping(canvas: Canvas, kind: CreatureKind, coat: Coat, closed: bool) -> None:
    _tail(canvas.at(60, -26, 0.95, -22), kind, coat)
    foot = INK if kind is CreatureKind.HORSE else coat.light
    for (x0, y0), (x1, y1) in (
        ((44, -14), (78, 16)),
        ((-30, -12), (-64, 14)),
        ((32, -8), (58, 24)),
        ((-18, -8), (-46, 22)),
    ):
        canvas.line([(x0, y0), (x1, y1)], 17, coat.shade)
        canvas.ellipse(x1, y1, 9.5, 8, foot)
    canvas.blob([(-52, -22), (-30, -46), (20, -48), (60, -36), (64, -14), (40, -2), (-30, 0)], coat.base)
    if coat.marks:
        _body_marks(canvas.at(20, -4, 0.8), kind, coat)
    HEADS[kind](canvas.at(-46, -48, 0.94, 16), coat, closed)


def _body_marks(canvas: Canvas, kind: CreatureKind, coat: Coat) -> None:
    if coat.marks is None:
        return
    if kind is CreatureKind.CAT:
        for y in (-58, -42, -26):
            for side in (-1, 1):
                canvas.line([(side * 33, y + 6), (side * 17, y)], 5, coat.marks)
    elif kind is CreatureKind.TEDDY:
        for side in (-1, 1):
            canvas.polygon([(0, -56), (side * 22, -68), (side * 22, -44)], coat.marks)
        canvas.ellipse(0, -56, 6, 6, darker(coat.marks))
    else:
        canvas.ellipse(23, -36, 13, 19, coat.marks, 10)
        canvas.ellipse(-26, -16, 10, 14, coat.marks)


def _tail(canvas: Canvas, kind: CreatureKind, coat: Coat) -> None:
    if kind is CreatureKind.CAT:
        canvas.line([(0, 6), (22, 4), (34, -12), (34, -32), (26, -44)], 12, coat.shade)
        if coat.marks:
            canvas.line([(33, -34), (26, -44)], 12, coat.marks)
    elif kind is CreatureKind.DOG:
        canvas.blob([(0, 6), (18, 0), (34, -20), (40, -38), (30, -32), (18, -16), (0, -8)], coat.marks or coat.shade)
    elif kind is CreatureKind.HORSE:
        canvas.blob([(0, -16), (22, -18), (38, 0), (40, 22), (28, 14), (18, -2), (0, 4)], coat.mane)
    else:
        canvas.ellipse(6, 0, 9, 9, coat.light)


def _bird(canvas: Canvas, pose: Pose, coat: Coat, closed: bool) -> None:
    beak: Colour = (255, 176, 40) if coat.base != FURS[Fur.ORANGE] else (120, 84, 60)
    wing = coat.marks or coat.shade
    if pose is Pose.JUMPING:
        canvas = canvas.at(0, -46, 1.0, -14)
        for side, reach in ((-1, -58), (1, 62)):
            canvas.blob(
                [(side * 12, -50), (reach * 0.7, -92), (reach, -88), (reach * 0.86, -60), (side * 20, -28)], wing
            )
    for side in (-1, 1):
        if pose is not Pose.SLEEPING:
            canvas.line([(side * 10, -8), (side * 12, 0), (side * 12 - 8, 2)], 4, beak)
    low = 8 if pose is Pose.SLEEPING else 0
    canvas.polygon([(24, -36 + low), (66, -22 + low), (60, -6 + low), (26, -14 + low)], wing)
    canvas.blob(
        [(-34, -40 + low), (-6, -66 + low), (28, -46 + low), (34, -18 + low), (0, -4 + low), (-30, -14 + low)],
        coat.base,
    )
    canvas.ellipse(-10, -22 + low, 19, 15, coat.light)
    if pose is not Pose.JUMPING:
        canvas.blob([(2, -46 + low), (30, -40 + low), (44, -16 + low), (20, -16 + low), (4, -26 + low)], wing)
    head = canvas.at(-16, (-52 if pose is Pose.SLEEPING else -74) + low, 1.0, -8 if pose is Pose.SLEEPING else 0)
    head.ellipse(0, 0, 29, 27, coat.base)
    head.polygon([(-24, -4), (-50, 6), (-22, 12)], beak)
    if closed:
        head.arc(-8, -4, 7, 5, (15, 165), 3.2, coat.line if coat.dark else INK)
    else:
        head.ellipse(-8, -5, 8.4, 8.4, (255, 255, 255))
        head.ellipse(-10, -5, 5, 5.6, INK)
    head.blob([(8, -24), (22, -40), (18, -22), (30, -28), (20, -12)], wing)
