"""Drawing of backdrops: a bare wall, four rooms and five places outdoors, each in every light.

A room shows its light in a window at the upper left and in the colour of its walls. The objects that identify a place
are at the sides of the picture: the subject fills the middle.
"""

from __future__ import annotations

from collections.abc import Callable

from node.vision.scenes.lights import LIGHTING, cloud, paint_rain, paint_sky
from node.vision.scenes.paint import Canvas, Colour, darker, lighter
from node.vision.scenes.world import Light, Place

WOOD: Colour = (176, 122, 76)
LEAF: Colour = (72, 158, 86)
PINE: Colour = (44, 112, 88)
LAMPLIGHT: Colour = (255, 224, 130)


def paint_place(canvas: Canvas, place: Place, light: Light, seconds: float) -> None:
    """Cover the canvas with the place in its light."""
    BACKDROPS[place](canvas, canvas.lit(LIGHTING[light].backdrop), light, seconds)


def _plain(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    paint_sky(canvas, light, 200)
    lit.box(0, 196, 256, 256, (226, 208, 180))
    lit.box(0, 196, 256, 200, (206, 186, 156))
    if light is Light.RAIN:
        paint_rain(canvas, seconds, 0, 0, 256, 196)


def _window(canvas: Canvas, lit: Canvas, light: Light, seconds: float, x: float, y: float) -> None:
    """Draw a window 68 wide and 84 high with its upper left corner at (x, y)."""
    lighting = LIGHTING[light]
    lit.box(x - 5, y - 5, x + 73, y + 89, (250, 246, 238), 3)
    canvas.box(x, y, x + 68, y + 84, lighting.sky_bottom)
    canvas.box(x, y, x + 68, y + 40, lighting.sky_top)
    if light is Light.DAY:
        cloud(canvas.at(x + 33, y + 30, 0.8), (255, 255, 255))
    elif light is Light.SUNSET:
        canvas.pie(x + 34, y + 84, 27, 34, (180, 360), (255, 220, 110))
    elif light is Light.NIGHT:
        canvas.ellipse(x + 22, y + 24, 12, 12, (250, 240, 196))
        canvas.ellipse(x + 17, y + 21, 10, 10, lighting.sky_top)
        for star_x, star_y in ((50, 16), (54, 58), (14, 64)):
            canvas.ellipse(x + star_x, y + star_y, 2, 2, (255, 246, 200))
    else:
        cloud(canvas.at(x + 34, y + 20, 0.9), (92, 102, 118))
        paint_rain(canvas, seconds, x, y + 28, x + 68, y + 84)
    lit.box(x + 31.5, y, x + 36.5, y + 84, (250, 246, 238))
    lit.box(x - 9, y + 86, x + 77, y + 94, (232, 222, 206), 2)


def _office(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    lit.box(0, 0, 256, 256, (196, 212, 220))
    lit.box(0, 200, 256, 256, (122, 134, 150))
    _window(canvas, lit, light, seconds, 10, 18)
    lit.box(178, 20, 250, 74, (110, 122, 136), 4)  # whiteboard with a chart
    lit.box(182, 24, 246, 70, (252, 252, 252), 2)
    for x, height, colour in ((190, 14, (74, 144, 226)), (204, 26, (240, 120, 80)), (218, 36, (80, 180, 120))):
        lit.box(x, 66 - height, x + 10, 66, colour)
    lit.box(196, 160, 256, 256, (238, 238, 240))  # desk with a screen
    lit.box(190, 156, 256, 164, (220, 220, 226), 3)
    lit.box(216, 142, 228, 158, (90, 98, 112))
    lit.box(194, 96, 256, 146, (56, 64, 80), 4)
    lit.box(199, 101, 256, 141, (90, 200, 220))
    lit.box(0, 150, 40, 256, (150, 164, 178), 3)  # filing cabinet
    for y in (158, 192, 226):
        lit.box(4, y, 36, y + 28, (176, 188, 200), 2)
        lit.box(14, y + 6, 26, y + 10, (100, 112, 126), 2)


def _kitchen(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    lit.box(0, 0, 256, 256, (250, 232, 200))
    for x in range(0, 256, 32):  # tiles
        for y in (118, 140):
            lit.box(x + 1, y + 1, x + 31, y + 21, (255, 250, 240))
    _window(canvas, lit, light, seconds, 10, 14)
    lit.box(180, 0, 256, 84, (232, 120, 84), 3)  # cupboards
    for x in (184, 220):
        lit.box(x, 4, x + 33, 80, (244, 144, 106), 3)
        lit.ellipse(x + 26, 68, 2.6, 2.6, (255, 240, 220))
    lit.box(0, 164, 256, 172, (250, 246, 240))  # worktop
    lit.box(0, 172, 256, 256, (232, 120, 84))
    for x in (4, 48, 92, 136, 180, 224):
        lit.box(x, 178, x + 38, 250, (244, 144, 106), 3)
        lit.ellipse(x + 19, 186, 2.6, 2.6, (255, 240, 220))
    lit.box(212, 134, 244, 164, (120, 132, 148), 5)  # pot
    lit.box(207, 129, 249, 137, (92, 104, 120), 4)
    lit.ellipse(228, 127, 4, 4, (60, 66, 80))
    lit.box(14, 136, 30, 164, (110, 180, 140), 4)  # jar
    lit.box(13, 131, 31, 139, (70, 130, 100), 3)


def _living_room(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    lit.box(0, 0, 256, 256, (208, 196, 224))
    lit.box(0, 214, 256, 256, (168, 118, 84))
    _window(canvas, lit, light, seconds, 10, 18)
    lit.box(176, 8, 256, 218, darker(WOOD, 0.25), 3)
    spines: tuple[Colour, ...] = ((206, 74, 70), (64, 120, 190), (240, 190, 80), (80, 160, 110), (150, 96, 170))
    for shelf in range(4):
        top = 14 + shelf * 51
        lit.box(182, top, 256, top + 45, darker(WOOD, 0.6))
        for book in range(6):
            height = 38 - (book * 7 + shelf * 5) % 4 * 4
            x = 184 + book * 12
            lit.box(x, top + 45 - height, x + 10, top + 45, spines[(book + shelf * 2) % 5], 1.5)
    lit.box(25, 150, 31, 224, (110, 84, 70))  # lamp
    lit.box(12, 222, 44, 230, (110, 84, 70), 4)
    lamp = canvas if light is Light.NIGHT else lit
    lamp.polygon([(16, 124), (40, 124), (52, 158), (4, 158)], LAMPLIGHT)


def _room(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    lit.box(0, 0, 256, 256, (226, 220, 204))
    lit.box(0, 218, 256, 256, (182, 150, 116))
    lit.box(0, 212, 256, 220, (250, 248, 240))
    _window(canvas, lit, light, seconds, 10, 18)
    lit.box(190, 22, 246, 84, (150, 112, 80), 2)  # a picture on the wall
    lit.box(195, 27, 241, 79, (244, 240, 228))
    lit.ellipse(218, 53, 15, 15, (120, 156, 150))


def _tree(lit: Canvas, x: float, y: float, scale: float = 1.0) -> None:
    tree = lit.at(x, y, scale)
    tree.box(-6, -50, 6, 4, (126, 88, 60), 2)
    for cx, cy, r in ((-18, -62, 22), (18, -62, 22), (0, -84, 26), (0, -58, 24)):
        tree.ellipse(cx, cy, r, r, LEAF)
    tree.ellipse(-8, -88, 14, 12, lighter(LEAF, 0.18))


def _park(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    paint_sky(canvas, light, 170)
    lit.ellipse(60, 190, 150, 50, (128, 196, 104))
    lit.ellipse(220, 192, 130, 44, (112, 184, 96))
    lit.box(0, 176, 256, 256, (140, 204, 104))
    _tree(lit, 32, 190, 1.1)
    _tree(lit, 230, 194, 1.2)
    for x, y in ((14, 224), (50, 244), (204, 240), (240, 226)):
        lit.ellipse(x, y, 4, 4, (255, 255, 255))
        lit.ellipse(x, y, 1.6, 1.6, (250, 200, 70))
    if light is Light.RAIN:
        paint_rain(canvas, seconds, 0, 40, 256, 256)


def _beach(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    paint_sky(canvas, light, 130)
    lit.box(0, 124, 256, 190, (44, 142, 206))
    for y in (138, 152, 166):
        for x in (10, 66, 186, 232):
            lit.line([(x + y % 28, y), (x + 18 + y % 28, y)], 2.4, (120, 200, 236))
    lit.blob(
        [(-20, 182), (60, 176), (128, 184), (200, 176), (276, 184), (276, 280), (128, 290), (-20, 280)],
        (250, 250, 246),
    )
    lit.blob(
        [(-20, 189), (60, 183), (128, 191), (200, 183), (276, 191), (276, 280), (128, 290), (-20, 280)],
        (244, 214, 150),
    )
    lit.polygon([(18, 122), (48, 122), (44, 132), (22, 132)], (206, 84, 70))  # sailing boat
    lit.polygon([(32, 84), (32, 119), (54, 119)], (255, 255, 255))
    lit.polygon([(29, 92), (29, 119), (14, 119)], (250, 226, 200))
    lit.line([(228, 216), (242, 100)], 8, (150, 106, 66))  # palm
    for angle in (-160, -125, -60, -15, 25, 170):
        lit.at(242, 100, 1.0, angle).blob([(0, -3), (24, -9), (48, 3), (24, 4), (0, 3)], (52, 150, 92))
    if light is Light.RAIN:
        paint_rain(canvas, seconds, 0, 40, 256, 256)


def _street(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    paint_sky(canvas, light, 200)
    houses = ((0, 46, 60, (214, 110, 92)), (60, 92, 50, (226, 190, 120)), (148, 100, 44, (130, 160, 186)))
    for x, top, width, colour in (*houses, (192, 38, 64, (190, 116, 134))):
        lit.box(x, top, x + width, 214, colour)
        lit.box(x, top, x + width, top + 7, darker(colour, 0.25))
        glass = canvas if light is Light.NIGHT else lit
        pane = LAMPLIGHT if light is Light.NIGHT else (206, 232, 246)
        for row in range(3):
            for column in range(2):
                left, upper = x + 8 + column * (width - 32), top + 18 + row * 38
                glass.box(left, upper, left + 16, upper + 22, pane, 1.5)
    lit.box(0, 206, 256, 220, (190, 190, 194))
    lit.box(0, 220, 256, 256, (96, 100, 112))
    for x in (6, 86, 166, 246):
        lit.box(x, 236, x + 40, 242, (244, 240, 220))
    if light is Light.RAIN:
        paint_rain(canvas, seconds, 0, 40, 256, 256)


def _mountains(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    paint_sky(canvas, light, 190)
    for points, colour in (
        ([(-40, 200), (46, 52), (132, 200)], (128, 118, 150)),
        ([(130, 200), (206, 66), (300, 200)], (128, 118, 150)),
        ([(60, 206), (128, 96), (204, 206)], (150, 140, 170)),
    ):
        lit.polygon(points, colour)
        (x0, y0), (x, top), (x1, _) = points
        share = 0.32
        left, right = x + (x0 - x) * share, x + (x1 - x) * share
        snow = top + (y0 - top) * share
        lit.polygon(
            [(x, top), (right, snow), (x + 9, snow - 9), (x, snow + 3), (x - 9, snow - 9), (left, snow)],
            (250, 250, 255),
        )
    lit.ellipse(40, 214, 130, 40, (96, 150, 92))
    lit.ellipse(226, 216, 120, 40, (84, 136, 84))
    lit.box(0, 206, 256, 256, (108, 164, 96))
    if light is Light.RAIN:
        paint_rain(canvas, seconds, 0, 40, 256, 256)


def _pine(lit: Canvas, x: float, y: float, scale: float) -> None:
    pine = lit.at(x, y, scale)
    pine.box(-5, -12, 5, 4, (110, 80, 60))
    for level in range(3):
        width, base = 34 - level * 8, -8 - level * 26
        pine.polygon([(-width, base), (width, base), (0, base - 42)], PINE)
        pine.polygon([(-width * 0.5, base - 21), (width * 0.5, base - 21), (0, base - 42)], (246, 250, 255))


def _snow(canvas: Canvas, lit: Canvas, light: Light, seconds: float) -> None:
    paint_sky(canvas, light, 190)
    lit.ellipse(56, 200, 140, 46, (222, 234, 246))
    lit.ellipse(222, 204, 120, 44, (232, 240, 250))
    _pine(lit, 34, 196, 1.25)
    _pine(lit, 226, 200, 1.35)
    lit.box(0, 196, 256, 256, (246, 250, 255))
    lit.ellipse(128, 198, 150, 12, (246, 250, 255))
    fall = int(seconds * 4) % 4 * 13
    for index in range(22):
        x, y = (index * 67) % 256, ((index * 97) % 256 + fall) % 256
        lit.ellipse(x, y, 2.8, 2.8, (255, 255, 255))
    if light is Light.RAIN:
        paint_rain(canvas, seconds, 0, 40, 256, 256)


BACKDROPS: dict[Place, Callable[[Canvas, Canvas, Light, float], None]] = {
    Place.PLAIN: _plain,
    Place.OFFICE: _office,
    Place.KITCHEN: _kitchen,
    Place.LIVING_ROOM: _living_room,
    Place.PARK: _park,
    Place.BEACH: _beach,
    Place.STREET: _street,
    Place.MOUNTAINS: _mountains,
    Place.SNOW: _snow,
    Place.ROOM: _room,
}
