"""Drawing of a person's hands and what they do. The origin is the face; the body is below."""

from __future__ import annotations

import math

from node.vision.scenes.faces import PersonStyle
from node.vision.scenes.paint import Canvas, Colour, darker
from node.vision.scenes.world import Action, Garment

# Waves of the hand a second.
WAVE_RATE = 1.2


def paint_hands(canvas: Canvas, style: PersonStyle) -> None:
    """Draw the hands that the person's action shows, if any."""
    painter = HANDS.get(style.person.action)
    if painter is not None:
        sleeved = style.person.garment is not Garment.DRESS
        painter(canvas, style, darker(style.cloth, 0.14) if sleeved else style.skin)


def _waving(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    swing = 12 * math.sin(2 * math.pi * WAVE_RATE * style.seconds)
    arm = canvas.at(86, 92, 1.0, swing * 0.5)
    arm.line([(2, 70), (4, -6)], 30, sleeve)
    _palm(arm.at(5, -36, 1.0, swing), style.skin)


def _thumb_up(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    canvas.line([(98, 160), (78, 100)], 32, sleeve)
    _thumb(canvas.at(74, 72), style.skin)


def _drinking(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    canvas.line([(94, 160), (46, 78)], 32, sleeve)
    _mug(canvas.at(4, 38), style.skin)


def _leaning(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    canvas.line([(84, 168), (60, 74)], 32, sleeve)
    hand, edge = canvas.at(48, 36, 1.0, 8), darker(style.skin, 0.2)
    hand.box(-15, -12, 17, 36, edge, 13)
    hand.box(-13, -10, 15, 34, style.skin, 12)
    for y in (-3, 8, 19):
        hand.line([(-12, y), (6, y)], 2.4, edge)


def _hands_together(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    edge = darker(style.skin, 0.25)
    for side in (-1, 1):
        canvas.line([(side * 78, 160), (side * 18, 116)], 32, sleeve)
    for side in (-1, 1):
        hand = canvas.at(side * 8, 92, 1.0, side * -7)
        hand.box(-10, -40, 10, 28, edge, 10)
        hand.box(-8, -38, 8, 26, style.skin, 9)
    canvas.line([(0, 58), (0, 116)], 2.6, edge)


def _pointing(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    canvas.line([(98, 160), (80, 92)], 32, sleeve)
    hand, edge = canvas.at(77, 64), darker(style.skin, 0.25)
    hand.line([(-8, -4), (-8, -46)], 14, edge)
    hand.line([(-8, -4), (-8, -46)], 11, style.skin)
    hand.box(-18, -10, 19, 30, edge, 12)
    hand.box(-16, -8, 17, 28, style.skin, 11)
    for x in (-2, 7):
        hand.line([(x, -5), (x, 9)], 2.4, edge)
    hand.line([(-14, 12), (4, 15)], 8, edge)


def _phone(canvas: Canvas, style: PersonStyle, sleeve: Colour) -> None:
    canvas.line([(98, 160), (82, 96)], 32, sleeve)
    hand, edge = canvas.at(78, 62, 1.0, 8), darker(style.skin, 0.18)
    hand.box(-22, -48, 22, 34, (36, 38, 50), 7)
    hand.box(-17, -41, 17, 26, (120, 214, 240), 3)
    for y in (-6, 5, 16):
        hand.line([(14, y), (26, y)], 9.5, edge)
        hand.line([(14, y), (26, y)], 7.5, style.skin)
    hand.line([(-24, 26), (-14, 4)], 11, edge)
    hand.line([(-24, 26), (-14, 4)], 8.5, style.skin)


HANDS = {
    Action.WAVING: _waving,
    Action.THUMBS_UP: _thumb_up,
    Action.DRINKING: _drinking,
    Action.LEANING: _leaning,
    Action.HANDS_TOGETHER: _hands_together,
    Action.POINTING: _pointing,
    Action.PHONE: _phone,
}


def _palm(hand: Canvas, skin: Colour) -> None:
    edge = darker(skin, 0.18)
    for x, tip in ((-12, -30), (-4, -36), (5, -34), (13, -26)):
        hand.line([(x * 0.9, 0), (x * 1.25, tip)], 9, edge)
        hand.line([(x * 0.9, 0), (x * 1.25, tip)], 7, skin)
    hand.line([(-10, 12), (-25, -6)], 9, edge)
    hand.line([(-10, 12), (-25, -6)], 7, skin)
    hand.box(-17, -10, 17, 24, skin, 12)


def _thumb(hand: Canvas, skin: Colour) -> None:
    edge = darker(skin, 0.25)
    hand.line([(-8, 0), (-12, -34)], 17, edge)
    hand.line([(-8, 0), (-12, -34)], 14, skin)
    hand.box(-21, -10, 23, 32, edge, 12)
    hand.box(-19, -8, 21, 30, skin, 11)
    for y in (2, 12, 21):
        hand.line([(2, y), (17, y)], 2.4, edge)


def _mug(hand: Canvas, skin: Colour) -> None:
    teal: Colour = (34, 176, 172)
    hand.ring(26, 2, 11, 12, 6, darker(teal, 0.2))
    hand.box(-22, -18, 22, 26, darker(teal, 0.15), 6)
    hand.box(-22, -18, 18, 26, teal, 6)
    hand.box(-22, -6, 20, 3, (250, 250, 250))
    for y in (-4, 6, 16):
        hand.line([(14, y), (32, y)], 10.5, darker(skin, 0.15))
        hand.line([(14, y), (32, y)], 8.5, skin)
