"""Drawing of human heads: face, hair, beard, glasses, hats. The origin is between the eyes and the nose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from node.vision.scenes.paint import Canvas, Colour, darker, lighter
from node.vision.scenes.world import Action, Hair, Hat, Person, Who

EYE: Colour = (44, 36, 44)

# Of the eyes.
BLINK_PERIOD_S = 5.0
BLINK_S = 0.15

# Openings of the mouth a second.
TALK_RATE = 3.0

# Those who show nothing by their mouths.
STRAIGHT_MOUTHS = frozenset({Action.LOOKING_AWAY, Action.NOTHING, Action.LEANING, Action.PHONE})

# Half the width of the jaw.
JAWS = {Who.WOMAN: 27, Who.MAN: 33, Who.PERSON: 30}

# How far the face of a person who looks away is from the head's middle.
LOOK_SHIFT = 11.0


@dataclass(frozen=True, slots=True)
class PersonStyle:
    """A person's colours, and the moment: the inputs of every part of the drawing."""

    person: Person
    skin: Colour
    hair: Colour
    cloth: Colour
    seconds: float

    @property
    def man(self) -> bool:
        """Return whether the person is a man, with heavier brows."""
        return self.person.who is Who.MAN

    @property
    def woman(self) -> bool:
        """Return whether the person is a woman, with lashes, red lips and earrings."""
        return self.person.who is Who.WOMAN


def paint_head(head: Canvas, style: PersonStyle) -> None:
    """Draw all of the head that is in front of the body."""
    aside = LOOK_SHIFT if style.person.action is Action.LOOKING_AWAY else 0.0
    ear = darker(style.skin, 0.08)
    for side in (-1, 1):
        head.ellipse(side * 39 - aside * 0.3, 6, 7.5, 10, ear)
        if style.woman:
            head.ellipse(side * 40 - aside * 0.3, 18, 3.6, 3.6, (255, 206, 70))
    jaw = JAWS[style.person.who]
    head.blob([(0, -47), (30, -38), (39, -6), (jaw, 34), (0, 48), (-jaw, 34), (-39, -6), (-30, -38)], style.skin)
    face = head.at(aside, 0)
    if style.person.beard:
        _beard(head, style, aside)
    _cheeks(face, style)
    _eyes(face, style)
    face.arc(0, 8, 4, 5, (20, 160), 2.6, darker(style.skin, 0.28))
    _mouth(face, style)
    _hair_front(head, style)
    if style.person.glasses:
        _glasses(face, aside)
    if style.person.hat is Hat.CAP:
        _cap(head)
    elif style.person.hat is Hat.WOOLLY:
        _woolly(head)
    elif style.person.hat is Hat.HEADPHONES:
        _headphones(head)
    if style.person.action is Action.SLEEPING:
        _zs(head, style.seconds)


def _beard(head: Canvas, style: PersonStyle, aside: float) -> None:
    points = [(-38, 2), (-31, 14), (-16, 15), (0, 14), (16, 15), (31, 14), (38, 2), (36, 30), (20, 50), (0, 55)]
    points += [(-20, 50), (-36, 30)]
    head.blob([(x + aside * 0.25, y) for x, y in points], style.hair)


def _cheeks(face: Canvas, style: PersonStyle) -> None:
    if not style.person.beard:
        for side in (-1, 1):
            face.ellipse(side * 22, 15, 6.5, 4.5, _blush(style.skin))


def _blush(skin: Colour) -> Colour:
    red, green, blue = skin
    return min(255, red + 8), round(green * 0.82), round(blue * 0.8)


def _eyes(face: Canvas, style: PersonStyle) -> None:
    action = style.person.action
    brow = darker(style.hair, 0.25)
    for side in (-1, 1):
        if style.man:
            face.line([(side * 23, -18), (side * 9, -19)], 5, brow)
        else:
            face.arc(side * 16, -13, 9, 6, (200, 340), 2.6, brow)
    closed = action is Action.SLEEPING or style.seconds % BLINK_PERIOD_S > BLINK_PERIOD_S - BLINK_S
    glance = 4.5 if action is Action.LOOKING_AWAY else 0.0
    for side in (-1, 1):
        x = side * 16
        if closed:
            face.arc(x, -6, 8, 5, (15, 165), 3, EYE)
            continue
        face.ellipse(x, -4, 8.6, 7.2, (255, 255, 255))
        face.ellipse(x + glance, -4, 4.6, 5.4, EYE)
        face.ellipse(x + glance + 1.5, -6, 1.6, 1.6, (255, 255, 255))
        if style.woman:
            face.arc(x, -3, 9.4, 8.6, (190, 350), 2.6, EYE)
            face.line([(x + side * 9, -6), (x + side * 13, -10)], 2.4, EYE)


def _mouth(face: Canvas, style: PersonStyle) -> None:
    action = style.person.action
    lip: Colour = (208, 48, 72) if style.woman else (150, 70, 66)
    if action is Action.SMILING:
        face.pie(0, 20, 18, 17, (0, 180), lip)
        face.pie(0, 21, 15, 12, (0, 180), (255, 255, 255))
    elif action is Action.TALKING:
        opening = 8.0 + 2.5 * math.sin(2 * math.pi * TALK_RATE * style.seconds)
        face.ellipse(0, 28, 11, opening + 2, lip)
        face.ellipse(0, 28, 8.5, opening, (84, 22, 34))
        face.ellipse(0, 28 + opening * 0.55, 6, opening * 0.4, (232, 108, 112))
    elif action is Action.SLEEPING:
        face.ellipse(0, 27, 5, 4, lip)
    elif action in STRAIGHT_MOUTHS:
        face.line([(-8, 27), (8, 27)], 3.6, lip)
    else:
        face.arc(0, 20, 12, 8, (25, 155), 3.6, lip)


def paint_hair_behind(head: Canvas, style: PersonStyle) -> None:
    """Draw the hair that hangs down behind the body."""
    person = style.person
    if person.hair is Hair.LONG:
        head.blob(
            [(0, -54), (38, -42), (50, 0), (56, 50), (58, 90), (0, 96), (-58, 90), (-56, 50), (-50, 0), (-38, -42)],
            darker(style.hair, 0.14),
        )
    elif person.hair is Hair.TIED:
        head.blob([(28, -40), (58, -44), (70, -10), (66, 40), (56, 62), (50, 30), (50, -8)], darker(style.hair, 0.14))
    elif person.hair is Hair.CURLY:
        hatted = person.hat in (Hat.CAP, Hat.WOOLLY)
        for x, y, r in ((-44, 22, 19), (44, 22, 19), (-49, -4, 21), (49, -4, 21)):
            head.ellipse(x, y, r, r, style.hair)
        if not hatted:
            for x, y, r in ((-40, -32, 22), (40, -32, 22), (-20, -50, 22), (20, -50, 22), (0, -54, 22)):
                head.ellipse(x, y, r, r, style.hair)


def _hair_front(head: Canvas, style: PersonStyle) -> None:
    person = style.person
    if person.hair is Hair.BALD:
        return
    shine = lighter(style.hair, 0.2)
    if person.hair is Hair.UNSAID:
        outer = [(-41, -8), (-42, -30), (-28, -52), (0, -58), (28, -52), (42, -30), (41, -8)]
        head.blob([*outer, (32, -27), (0, -33), (-32, -27)], style.hair)
    elif person.hair is Hair.TIED:
        outer = [(-41, 4), (-44, -22), (-32, -49), (0, -60), (32, -49), (44, -22), (41, 4)]
        head.blob([*outer, (35, -20), (12, -38), (0, -41), (-12, -38), (-35, -20)], style.hair)
        head.ellipse(42, -36, 7, 7, (236, 84, 120))
        head.arc(0, -24, 30, 26, (225, 275), 3.5, shine)
    elif person.hair is Hair.SHORT:
        outer = [(-40, 8), (-46, -16), (-39, -43), (-15, -58), (15, -58), (39, -43), (46, -16), (40, 8)]
        hairline = [(35, -9), (31, -26), (8, -31), (-14, -25), (-31, -27), (-35, -9)]
        head.blob([*outer, *hairline], style.hair)
        head.arc(0, -26, 28, 22, (220, 280), 3.5, shine)
    elif person.hair is Hair.LONG:
        for side in (-1, 1):
            points = [
                (0, -56),
                (26, -50),
                (44, -24),
                (50, 24),
                (54, 88),
                (40, 92),
                (36, 40),
                (33, -6),
                (16, -30),
                (0, -34),
            ]
            head.blob([(side * x, y) for x, y in points], style.hair)
        head.arc(0, -24, 30, 24, (215, 275), 3.5, shine)
    else:
        for x, y, r in ((-30, -32, 15), (-12, -39, 16), (10, -39, 16), (30, -32, 15), (-40, -14, 11), (40, -14, 11)):
            head.ellipse(x, y, r, r, style.hair)
        for x, y in ((-42, -30), (-16, -52), (18, -50), (44, -26), (-50, 4), (50, 6)):
            head.arc(x, y, 7, 7, (160, 330), 2.6, shine)


def _glasses(face: Canvas, aside: float) -> None:
    rim: Colour = (28, 26, 36)
    for side in (-1, 1):
        face.ring(side * 17, -3, 14.5, 13, 3.8, rim)
        face.line([(side * 32, -5), (side * 40 - aside, -8)], 3.4, rim)
    face.line([(-3, -6), (3, -6)], 3.8, rim)


def _cap(head: Canvas) -> None:
    blue, dark = (40, 70, 140), (26, 46, 100)
    head.pie(0, -22, 46, 44, (180, 360), blue)
    head.box(-46, -28, 46, -20, dark, 3)
    head.blob([(-4, -30), (40, -32), (70, -22), (72, -15), (40, -17), (0, -19)], dark)
    head.ellipse(0, -44, 9, 8, (255, 255, 255))
    head.ellipse(0, -66, 4, 3, dark)


def _woolly(head: Canvas) -> None:
    knit, rim = (226, 74, 92), (250, 240, 226)
    head.blob([(-44, -24), (-40, -54), (-18, -72), (18, -72), (40, -54), (44, -24), (0, -20)], knit)
    for x in (-22, 0, 22):
        head.line([(x, -62), (x * 1.2, -36)], 2.6, darker(knit, 0.2))
    head.box(-48, -36, 48, -18, rim, 9)
    head.ellipse(0, -76, 13, 13, rim)


def _headphones(head: Canvas) -> None:
    band, pad = (52, 56, 70), (246, 174, 60)
    head.arc(0, -6, 50, 60, (190, 350), 9, band)
    for side in (-1, 1):
        head.box(side * 50 - 9, -20, side * 50 + 9, 24, band, 8)
        head.box(side * 56 - 5, -14, side * 56 + 5, 18, pad, 4)


def _zs(head: Canvas, seconds: float) -> None:
    lift = (seconds % 3) * 3
    for x, y, size in ((58, -40, 7), (72, -60, 10)):
        top, low = y - lift - size, y - lift + size
        for width, colour in ((7.5, (60, 70, 130)), (3.6, (255, 255, 255))):
            head.line([(x - size, top), (x + size, top), (x - size, low), (x + size, low)], width, colour)
