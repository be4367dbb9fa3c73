"""Day, sunset, night and rain: the skies, and the tints of a backdrop and of the figures in front.

A figure is tinted far less than its backdrop: its colours are named in captions and must stay distinct at night.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.vision.scenes.paint import Canvas, Colour, Tint
from node.vision.scenes.world import Light

# Fixed patterns: stars and drops at other points in every picture would be noise for the models to learn.
STARS = ((22, 18), (58, 40), (90, 14), (128, 30), (166, 12), (188, 46), (236, 24), (34, 66), (222, 70), (110, 56))
RAIN_COLUMNS = 11

# Units between two drops of a column.
RAIN_STEP = 46.0

# Units a second.
RAIN_FALL = 120.0

# Distinct pictures of falling rain.
RAIN_PHASES = 4


@dataclass(frozen=True, slots=True)
class Lighting:
    """The colours of a light: of the sky, and the tints of backdrop and figure."""

    sky_top: Colour
    sky_bottom: Colour
    backdrop: Tint
    figure: Tint


LIGHTING = {
    Light.DAY: Lighting((118, 190, 240), (214, 238, 250), Tint(), Tint()),
    Light.SUNSET: Lighting(
        (122, 84, 160), (255, 158, 84), Tint((1.0, 0.8, 0.68), (255, 140, 70), 0.16), Tint((1.0, 0.94, 0.86))
    ),
    Light.NIGHT: Lighting(
        (16, 20, 58), (44, 54, 118), Tint((0.42, 0.46, 0.72), (20, 24, 72), 0.12), Tint((0.84, 0.86, 0.98))
    ),
    Light.RAIN: Lighting(
        (112, 124, 140), (176, 186, 196), Tint((0.72, 0.77, 0.84), (130, 144, 160), 0.28), Tint((0.93, 0.95, 0.98))
    ),
}


def paint_sky(canvas: Canvas, light: Light, height: float, seconds: float = 0.0) -> None:
    """Draw the sky's gradient with sun and cloud, low sun, moon and stars, or heavy clouds."""
    lighting = LIGHTING[light]
    canvas.sky(lighting.sky_top, lighting.sky_bottom, height)
    if light is Light.DAY:
        canvas.ellipse(216, 34, 17, 17, (255, 226, 92))
        cloud(canvas.at(44, 40), (255, 255, 255))
    elif light is Light.SUNSET:
        canvas.ellipse(206, height - 14, 27, 27, (255, 214, 110))
        cloud(canvas.at(46, 44, 0.9), (255, 176, 140))
    elif light is Light.NIGHT:
        for x, y in STARS:
            if y < height:
                canvas.ellipse(x, y, 1.7, 1.7, (255, 246, 200))
        canvas.ellipse(212, 38, 18, 18, (250, 240, 196))
        canvas.ellipse(204, 33, 15, 15, lighting.sky_top)
    else:
        for x, scale in ((40, 1.15), (128, 1.0), (214, 1.2)):
            cloud(canvas.at(x, 26, scale), (92, 102, 118))


def cloud(canvas: Canvas, colour: Colour) -> None:
    """Draw a cloud about 60 units wide around the origin."""
    for x, y, r in ((-20, 2, 11), (-6, -6, 14), (11, -2, 12), (23, 4, 8)):
        canvas.ellipse(x, y, r, r * 0.85, colour)
    canvas.box(-30, 2, 30, 11, colour, 5)


def paint_rain(canvas: Canvas, seconds: float, left: float, top: float, right: float, bottom: float) -> None:
    """Draw falling drops within a rectangle."""
    phase = int(seconds * RAIN_FALL / RAIN_STEP * RAIN_PHASES) % RAIN_PHASES / RAIN_PHASES
    spacing = 256 / RAIN_COLUMNS
    for column in range(RAIN_COLUMNS):
        x = spacing * (column + 0.5)
        y = (phase + column * 0.37) % 1.0 * RAIN_STEP - RAIN_STEP
        while y < bottom:
            if left <= x - 4 and x <= right and top <= y and y + 13 <= bottom:
                canvas.line([(x, y), (x - 4, y + 13)], 2.2, (214, 232, 248))
            y += RAIN_STEP
