"""Drawing of people as a webcam shows them: head and shoulders, large, in front of a backdrop."""

from __future__ import annotations

from node.vision.scenes.faces import PersonStyle, paint_hair_behind, paint_head
from node.vision.scenes.furniture import paint_thing
from node.vision.scenes.hands import paint_hands
from node.vision.scenes.paint import Canvas, Colour, darker, lighter, mix
from node.vision.scenes.world import Action, Cloth, Garment, Hair, HairColour, Person, Variation, Who

# Points on the way from the fairest skin to the darkest, which lie evenly on it.
# From the fairest to the darkest. Cameras in rooms see skin less yellow than drawings have it: 7 to 17 in b* of CIE Lab.
SKINS: tuple[Colour, ...] = ((252, 228, 213), (231, 197, 178), (195, 154, 137), (139, 107, 93), (85, 64, 56))
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

# Half the width of the shoulders, and of the neck.
SHOULDERS = {Who.WOMAN: (80, 16), Who.MAN: (94, 21), Who.PERSON: (87, 18)}

# Hair of which nothing was said: no colour that a caption names.
UNSAID_HAIR: Colour = (122, 104, 98)

# Of a person's face: the middle of the positions, how far they reach to either side, sizes, and tilts in degrees.
ACROSS = (123.0, 16.0)
DOWN = (112.0, 8.0)
SIZES = (0.88, 1.08)
TILT = 8.0

# Degrees more, of those who sleep or lean.
SLEEPING_TILT = 13.0
LEANING_TILT = 9.0

# Of a head within its figure.
HEAD_SCALE = 1.16

# Units from hairline to chin of a face of size 1.
FACE_UNITS = 95 * HEAD_SCALE

# The face's height within the figure, from which the body is drawn.
FACE_HEIGHT = 112.0


def skin_of(share: float) -> Colour:
    """Return the colour of skin at a share of the way from the fairest (0) to the darkest (1)."""
    at = share * (len(SKINS) - 1)
    index = min(int(at), len(SKINS) - 2)
    return mix(SKINS[index], SKINS[index + 1], at - index)


def face_position(variation: Variation) -> tuple[float, float, float, float]:
    """Return the middle of a face (x, y) in units, its size, and its tilt in degrees."""
    x = ACROSS[0] + ACROSS[1] * (2 * variation.across - 1)
    y = DOWN[0] + DOWN[1] * (2 * variation.down - 1)
    return x, y, SIZES[0] + (SIZES[1] - SIZES[0]) * variation.size, TILT * (2 * variation.tilt - 1)


def paint_person(canvas: Canvas, person: Person, variation: Variation, seconds: float) -> None:
    """Draw the person where the variation has the face."""
    x, y, size, tilt = face_position(variation)
    style = PersonStyle(person, skin_of(variation.skin), _hair_colour(person), CLOTHS[person.cloth], seconds)
    figure = canvas.at(x, y, size)
    tilt += {Action.SLEEPING: SLEEPING_TILT, Action.LEANING: LEANING_TILT}.get(person.action, 0.0)
    head = figure.at(0, 0, HEAD_SCALE, tilt)
    paint_hair_behind(head, style)
    _body(figure.at(0, -FACE_HEIGHT), style)
    paint_head(head, style)
    paint_thing(figure.at(-72, 136, 1.05), person.thing)
    paint_hands(figure, style)


def _hair_colour(person: Person) -> Colour:
    if person.hair is Hair.UNSAID:
        return UNSAID_HAIR
    return HAIR_COLOURS[HairColour.BLACK if person.hair is Hair.BALD else person.hair_colour]


def _body(canvas: Canvas, style: PersonStyle) -> None:
    wide, neck = SHOULDERS[style.person.who]
    garment = style.person.garment
    if garment is Garment.HOODIE:
        canvas.ellipse(0, 172, neck + 34, 26, darker(style.cloth, 0.3))
    shoulders = [(-neck - 6, 172), (-wide + 18, 188), (-wide, 214), (-wide - 4, 340), (wide + 4, 340)]
    shoulders += [(wide, 214), (wide - 18, 188), (neck + 6, 172)]
    canvas.blob(shoulders, style.skin if garment is Garment.DRESS else style.cloth)
    if garment is Garment.DRESS:
        _dress(canvas, style, wide)
        canvas.box(-neck, 140, neck, 188, darker(style.skin, 0.12), 10)
    else:
        GARMENTS[garment](canvas, style, neck)


def _shirt(canvas: Canvas, style: PersonStyle, neck: float) -> None:
    canvas.box(-neck, 140, neck, 186, darker(style.skin, 0.12), 10)
    collar = lighter(style.cloth, 0.35) if style.person.cloth is not Cloth.WHITE else (214, 218, 228)
    canvas.polygon([(-neck - 8, 168), (0, 198), (-16, 212), (-neck - 16, 180)], collar)
    canvas.polygon([(neck + 8, 168), (0, 198), (16, 212), (neck + 16, 180)], collar)
    for y in (216, 234, 252, 270):
        canvas.ellipse(0, y, 3.4, 3.4, collar)


def _jacket(canvas: Canvas, style: PersonStyle, neck: float) -> None:
    inner: Colour = (222, 226, 232) if style.person.cloth is not Cloth.WHITE else (120, 128, 142)
    canvas.polygon([(-neck - 10, 170), (neck + 10, 170), (22, 340), (-22, 340)], inner)
    canvas.box(-neck, 140, neck, 186, darker(style.skin, 0.12), 12)
    lapel = darker(style.cloth, 0.28) if style.person.cloth is not Cloth.BLACK else (92, 92, 106)
    for side in (-1, 1):
        points = [(neck + 2, 166), (neck + 24, 176), (neck + 22, 208), (20, 262)]
        canvas.polygon([(side * x, y) for x, y in points], lapel)
    canvas.box(44, 224, 70, 229, lapel, 2)


def _dress(canvas: Canvas, style: PersonStyle, wide: float) -> None:
    top = [(-wide + 20, 222), (-30, 214), (0, 224), (30, 214), (wide - 20, 222), (wide - 14, 340), (-wide + 14, 340)]
    canvas.blob(top, style.cloth)
    for side in (-1, 1):
        canvas.line([(side * 40, 184), (side * 38, 220)], 13, style.cloth)
    dots = lighter(style.cloth, 0.55) if style.person.cloth is not Cloth.WHITE else (176, 184, 204)
    for x, y in ((-42, 236), (-14, 236), (14, 236), (42, 236), (-28, 250), (0, 250), (28, 250)):
        canvas.ellipse(x, y, 4, 4, dots)


def _hoodie(canvas: Canvas, style: PersonStyle, neck: float) -> None:
    canvas.box(-neck, 140, neck, 184, darker(style.skin, 0.12), 10)
    fold = darker(style.cloth, 0.24) if style.person.cloth is not Cloth.BLACK else (88, 88, 100)
    for side in (-1, 1):
        canvas.blob([(side * x, y) for x, y in ((neck, 160), (neck + 26, 170), (neck + 18, 194), (2, 204))], fold)
        canvas.line([(side * 11, 196), (side * 13, 236)], 4, lighter(style.cloth, 0.6))
    canvas.box(-40, 244, 40, 300, fold, 14)


def _tshirt(canvas: Canvas, style: PersonStyle, neck: float) -> None:
    canvas.ellipse(0, 174, neck + 11, 25, darker(style.cloth, 0.24))
    canvas.ellipse(0, 172, neck + 6, 21, style.skin)
    canvas.box(-neck, 140, neck, 180, darker(style.skin, 0.12), 10)
    seam = darker(style.cloth, 0.24) if style.person.cloth is not Cloth.BLACK else (96, 96, 108)
    for side in (-1, 1):
        canvas.line([(side * 58, 250), (side * 62, 222)], 3.5, seam)


GARMENTS = {
    Garment.SHIRT: _shirt,
    Garment.JACKET: _jacket,
    Garment.HOODIE: _hoodie,
    Garment.TSHIRT: _tshirt,
}
