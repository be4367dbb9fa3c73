"""Drawing of people as a webcam shows them: head and shoulders, large, in front of a backdrop."""

from __future__ import annotations

import math

from node.vision.scenes.faces import PersonStyle, paint_hair_behind, paint_head
from node.vision.scenes.paint import Canvas, Colour, darker, lighter
from node.vision.scenes.world import Action, Cloth, Garment, Hair, HairColour, Person, Variation

SKINS: tuple[Colour, ...] = ((255, 222, 196), (242, 196, 158), (208, 152, 110), (152, 104, 76))
HAIR_COLOURS: dict[HairColour, Colour] = {
    HairColour.BLACK: (38, 34, 44),
    HairColour.BROWN: (98, 58, 32),
    HairColour.BLOND: (244, 206, 106),
    HairColour.RED: (212, 84, 30),
    HairColour.GREY: (168, 172, 182),
    HairColour.PINK: (246, 128, 184),
}
CLOTHS: dict[Cloth, Colour] = {
    Cloth.RED: (218, 52, 52),
    Cloth.ORANGE: (246, 142, 42),
    Cloth.YELLOW: (250, 212, 62),
    Cloth.GREEN: (56, 164, 84),
    Cloth.BLUE: (50, 106, 214),
    Cloth.PURPLE: (140, 78, 190),
    Cloth.WHITE: (246, 246, 246),
    Cloth.BLACK: (50, 50, 58),
}

# Waves of the hand a second.
WAVE_RATE = 1.2


def paint_person(canvas: Canvas, person: Person, variation: Variation, seconds: float) -> None:
    """Draw the person near the middle of the canvas."""
    skin = SKINS[int(variation.skin * len(SKINS))]
    x, y = 117 + 10 * variation.across, 108 + 8 * variation.down
    bald = person.hair is Hair.BALD
    hair = HAIR_COLOURS[HairColour.BLACK] if bald else HAIR_COLOURS[person.hair_colour]
    style = PersonStyle(person, skin, hair, CLOTHS[person.cloth], seconds)
    tilt = 13.0 if person.action is Action.SLEEPING else 0.0
    head = canvas.at(x, y, 1.16, tilt)
    paint_hair_behind(head, style)
    _body(canvas.at(x, 0), style)
    paint_head(head, style)
    _hand(canvas.at(x, y), style)


def _body(canvas: Canvas, style: PersonStyle) -> None:
    wide = 94 if style.man else 80
    neck = 21 if style.man else 16
    shoulders = [(-neck - 6, 172), (-wide + 18, 188), (-wide, 214), (-wide - 4, 270), (wide + 4, 270)]
    shoulders += [(wide, 214), (wide - 18, 188), (neck + 6, 172)]
    dress = style.person.garment is Garment.DRESS
    canvas.blob(shoulders, style.skin if dress else style.cloth)
    if dress:
        _dress(canvas, style, wide)
        canvas.box(-neck, 140, neck, 188, darker(style.skin, 0.12), 10)
    else:
        (_jacket if style.person.garment is Garment.JACKET else _shirt)(canvas, style, neck)


def _shirt(canvas: Canvas, style: PersonStyle, neck: float) -> None:
    canvas.box(-neck, 140, neck, 186, darker(style.skin, 0.12), 10)
    collar = lighter(style.cloth, 0.35) if style.person.cloth is not Cloth.WHITE else (214, 218, 228)
    canvas.polygon([(-neck - 8, 168), (0, 198), (-16, 212), (-neck - 16, 180)], collar)
    canvas.polygon([(neck + 8, 168), (0, 198), (16, 212), (neck + 16, 180)], collar)
    for y in (216, 234, 252):
        canvas.ellipse(0, y, 3.4, 3.4, collar)


def _jacket(canvas: Canvas, style: PersonStyle, neck: float) -> None:
    inner: Colour = (222, 226, 232) if style.person.cloth is not Cloth.WHITE else (120, 128, 142)
    canvas.polygon([(-neck - 10, 170), (neck + 10, 170), (22, 270), (-22, 270)], inner)
    canvas.box(-neck, 140, neck, 186, darker(style.skin, 0.12), 12)
    lapel = darker(style.cloth, 0.28) if style.person.cloth is not Cloth.BLACK else (92, 92, 106)
    for side in (-1, 1):
        points = [(neck + 2, 166), (neck + 24, 176), (neck + 22, 208), (20, 262)]
        canvas.polygon([(side * x, y) for x, y in points], lapel)
    canvas.box(44, 224, 70, 229, lapel, 2)


def _dress(canvas: Canvas, style: PersonStyle, wide: float) -> None:
    top = [(-wide + 20, 222), (-30, 214), (0, 224), (30, 214), (wide - 20, 222), (wide - 14, 275), (-wide + 14, 275)]
    canvas.blob(top, style.cloth)
    for side in (-1, 1):
        canvas.line([(side * 40, 184), (side * 38, 220)], 13, style.cloth)
    dots = lighter(style.cloth, 0.55) if style.person.cloth is not Cloth.WHITE else (176, 184, 204)
    for x, y in ((-42, 236), (-14, 236), (14, 236), (42, 236), (-28, 250), (0, 250), (28, 250)):
        canvas.ellipse(x, y, 4, 4, dots)


def _hand(canvas: Canvas, style: PersonStyle) -> None:
    action = style.person.action
    sleeve = style.skin if style.person.garment is Garment.DRESS else darker(style.cloth, 0.14)
    if action is Action.WAVING:
        swing = 12 * math.sin(2 * math.pi * WAVE_RATE * style.seconds)
        arm = canvas.at(86, 92, 1.0, swing * 0.5)
        arm.line([(2, 60), (4, -6)], 30, sleeve)
        _palm(arm.at(5, -36, 1.0, swing), style.skin)
    elif action is Action.THUMBS_UP:
        canvas.line([(98, 150), (78, 100)], 32, sleeve)
        _thumb(canvas.at(74, 72), style.skin)
    elif action is Action.DRINKING:
        canvas.line([(92, 150), (46, 78)], 32, sleeve)
        _mug(canvas.at(4, 38), style.skin)


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
