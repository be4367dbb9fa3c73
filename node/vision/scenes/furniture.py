"""Drawing of the supports that animals are on, and of the things beside them.

Each support is drawn around its upper surface: the origin is the middle of where an animal sits. Each thing is drawn on
the ground line of its own canvas.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from node.vision.scenes.paint import Canvas, Colour, darker, lighter
from node.vision.scenes.world import Support, Thing

BENCH_WOOD: Colour = (190, 128, 70)
CHAIR_RED: Colour = (206, 84, 66)
TABLE_TOP: Colour = (238, 226, 206)
SOFA: Colour = (66, 150, 150)
SHEET: Colour = (246, 246, 250)
BLANKET: Colour = (120, 132, 204)
GRASS: Colour = (86, 176, 74)


def paint_support_behind(canvas: Canvas, support: Support) -> None:
    """Draw the part of the support that is behind the animal, and its surface."""
    BEHIND[support](canvas)


def paint_support_before(canvas: Canvas, support: Support) -> None:
    """Draw the part of the support that hides the animal's feet: only grass has one."""
    if support is Support.GRASS:
        for x in range(-110, 111, 20):
            canvas.polygon([(x - 7, 26), (x - 3, 2), (x + 1, 18), (x + 6, 6), (x + 9, 26)], darker(GRASS, 0.12))


def _bench(canvas: Canvas) -> None:
    dark = darker(BENCH_WOOD, 0.3)
    for x in (-92, 80):
        canvas.box(x, -58, x + 12, 60, dark, 3)
    for y in (-56, -38, -20):
        canvas.box(-104, y, 104, y + 13, BENCH_WOOD, 4)
        canvas.box(-104, y + 9, 104, y + 13, darker(BENCH_WOOD, 0.14), 2)
    canvas.box(-110, -5, 110, 12, lighter(BENCH_WOOD, 0.16), 4)
    canvas.box(-110, 8, 110, 17, darker(BENCH_WOOD, 0.16), 3)


def _chair(canvas: Canvas) -> None:
    dark = darker(CHAIR_RED, 0.25)
    canvas.box(-66, -84, 66, 0, dark, 16)
    canvas.box(-54, -74, 54, 0, lighter(CHAIR_RED, 0.1), 12)
    for x in (-68, 56):
        canvas.box(x, 6, x + 12, 66, dark, 3)
    canvas.box(-76, -6, 76, 18, CHAIR_RED, 9)


def _table(canvas: Canvas) -> None:
    leg = darker(TABLE_TOP, 0.35)
    for x in (-88, 74):
        canvas.box(x, 6, x + 14, 70, leg, 2)
    canvas.ellipse(0, 2, 118, 15, darker(TABLE_TOP, 0.2))
    canvas.ellipse(0, -3, 118, 14, TABLE_TOP)


def _bed(canvas: Canvas) -> None:
    canvas.box(-124, -70, 124, 44, (150, 98, 64), 16)
    canvas.box(-112, -58, 112, 40, (176, 122, 82), 12)
    for x in (-100, 16):
        canvas.box(x, -40, x + 84, 2, SHEET, 16)
        canvas.box(x + 6, -8, x + 78, -2, (220, 222, 236), 3)
    canvas.box(-124, -6, 124, 26, SHEET, 10)
    canvas.box(-126, 10, 126, 80, BLANKET, 10)
    for x in (-84, -28, 28, 84):
        canvas.ellipse(x, 36, 6, 6, lighter(BLANKET, 0.4))


def _sofa(canvas: Canvas) -> None:
    dark = darker(SOFA, 0.22)
    canvas.box(-112, -66, 112, 50, dark, 24)
    for x in (-98, 2):
        canvas.box(x, -56, x + 96, 14, SOFA, 14)
    canvas.box(-104, -4, 104, 30, lighter(SOFA, 0.18), 12)
    canvas.box(-2, -2, 2, 28, dark)
    for x in (-128, 98):
        canvas.box(x, -32, x + 30, 62, lighter(SOFA, 0.06), 14)
    canvas.box(-104, 26, 104, 58, dark, 6)


def _grass(canvas: Canvas) -> None:
    canvas.ellipse(0, 26, 150, 38, GRASS)
    canvas.box(-150, 24, 150, 90, GRASS)
    for x in range(-120, 121, 24):
        canvas.polygon([(x - 8, 2), (x - 4, -18), (x, -2), (x + 6, -14), (x + 9, 4)], darker(GRASS, 0.2))


BEHIND: dict[Support, Callable[[Canvas], None]] = {
    Support.BENCH: _bench,
    Support.CHAIR: _chair,
    Support.TABLE: _table,
    Support.BED: _bed,
    Support.SOFA: _sofa,
    Support.GRASS: _grass,
}


def paint_thing(canvas: Canvas, thing: Thing) -> None:
    """Draw a thing on the origin, about 60 units wide."""
    painter = THINGS.get(thing)
    if painter is not None:
        painter(canvas)


def _ball(canvas: Canvas) -> None:
    canvas.ellipse(0, -24, 24, 24, (236, 62, 84))
    canvas.pie(0, -24, 24, 24, (60, 120), (255, 255, 255))
    canvas.pie(0, -24, 24, 24, (180, 240), (255, 255, 255))
    canvas.pie(0, -24, 24, 24, (300, 360), (255, 255, 255))
    for start in (60, 180, 300):
        canvas.polygon([(0, -24), *_rim(start)], (255, 255, 255))
    canvas.ellipse(0, -24, 6, 6, (250, 206, 60))


def _rim(start: float) -> list[tuple[float, float]]:
    return [
        (24 * math.cos(math.radians(angle)), -24 + 24 * math.sin(math.radians(angle)))
        for angle in range(round(start), round(start) + 61, 10)
    ]


def _umbrella(canvas: Canvas) -> None:
    pole: Colour = (96, 70, 60)
    canvas.line([(8, -96), (8, -6)], 4.5, pole)
    canvas.arc(1, -7, 7, 7, (0, 180), 4.5, pole)
    canvas.pie(8, -74, 44, 46, (180, 360), (150, 70, 190))
    canvas.pie(8, -74, 25, 46, (180, 360), (252, 208, 80))
    canvas.pie(8, -74, 9, 46, (180, 360), (150, 70, 190))
    canvas.line([(8, -120), (8, -128)], 4, pole)


def _cup(canvas: Canvas) -> None:
    teal: Colour = (34, 176, 172)
    canvas.ring(22, -22, 11, 12, 6, darker(teal, 0.2))
    canvas.box(-22, -46, 22, 0, teal, 7)
    canvas.box(-22, -32, 22, -22, (250, 250, 250))
    canvas.ellipse(0, -45, 22, 6, lighter(teal, 0.4))
    canvas.ellipse(0, -44, 17, 4, (110, 70, 46))


def _laptop(canvas: Canvas) -> None:
    canvas.box(-34, -50, 34, -4, (70, 76, 90), 5)
    canvas.box(-29, -45, 29, -8, (96, 190, 250), 2)
    canvas.box(-18, -38, 8, -33, (255, 255, 255), 2)
    canvas.box(-18, -28, 18, -23, (255, 255, 255), 2)
    canvas.polygon([(-36, -5), (36, -5), (44, 5), (-44, 5)], (196, 202, 212))


def _book(canvas: Canvas) -> None:
    canvas.polygon([(-38, -36), (0, -28), (38, -36), (38, 0), (0, 8), (-38, 0)], (196, 54, 60))
    canvas.polygon([(-34, -40), (0, -32), (0, 3), (-34, -5)], (255, 252, 240))
    canvas.polygon([(34, -40), (0, -32), (0, 3), (34, -5)], (240, 234, 216))
    for y in (-28, -20, -12):
        canvas.line([(-28, y - 2), (-7, y + 3)], 2.2, (150, 150, 160))
        canvas.line([(28, y - 2), (7, y + 3)], 2.2, (150, 150, 160))


THINGS: dict[Thing, Callable[[Canvas], None]] = {
    Thing.BALL: _ball,
    Thing.UMBRELLA: _umbrella,
    Thing.CUP: _cup,
    Thing.LAPTOP: _laptop,
    Thing.BOOK: _book,
}
