"""An anti-aliased canvas for flat illustration: polygons on a picture of twice the size, halved at the end.

Coordinates are those of a 256 x 256 picture, x to the right and y down, whatever the size of the output; angles
are in degrees, clockwise. A canvas carries an affine transform (`at`) and a tint (`lit`), so that a figure is drawn
once, in its own coordinates and in daylight, and then positioned, turned, mirrored and lit by its caller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

# The side of a canvas in its own coordinates.
UNITS = 256

# Twice the size in each direction: smooth edges at a quarter of the cost of four times.
SUPERSAMPLING = 2

# Straight pieces between two knots of a blob.
CURVE_STEPS = 6

WHITE: Colour = (255, 255, 255)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour at a share (0 to 1) of the distance from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float = 0.2) -> Colour:
    """Return the colour mixed with a dark violet."""
    return mix(colour, (20, 16, 40), share)


def lighter(colour: Colour, share: float = 0.25) -> Colour:
    """Return the colour mixed with white."""
    return mix(colour, WHITE, share)


@dataclass(frozen=True, slots=True)
class Tint:
    """Light of one colour: every channel is multiplied, then `haze` is mixed in."""

    multiply: tuple[float, float, float] = (1.0, 1.0, 1.0)
    haze: Colour = WHITE
    haze_share: float = 0.0

    def __call__(self, colour: Colour) -> Colour:
        red, green, blue = (
            min(255, round(value * factor)) for value, factor in zip(colour, self.multiply, strict=True)
        )
        return mix((red, green, blue), self.haze, self.haze_share) if self.haze_share else (red, green, blue)


DAYLIGHT = Tint()


@dataclass(frozen=True, slots=True)
class Canvas:
    """A view of a picture to draw on: its coordinates (`matrix`) and its light (`tint`)."""

    image: Image.Image
    pen: ImageDraw.ImageDraw
    matrix: tuple[float, float, float, float, float, float]
    tint: Tint = DAYLIGHT

    @classmethod
    def blank(cls, size: int) -> Canvas:
        """Return an empty canvas for a picture of `size` x `size`."""
        side = size * SUPERSAMPLING
        image = Image.new("RGB", (side, side))
        scale = side / UNITS
        return cls(image, ImageDraw.Draw(image), (scale, 0.0, 0.0, 0.0, scale, 0.0))

    def finished(self) -> Image.Image:
        """Return the picture, anti-aliased."""
        return self.image.reduce(SUPERSAMPLING)

    def lit(self, tint: Tint) -> Canvas:
        """Return the same canvas in another light."""
        return replace(self, tint=tint)

    def at(self, x: float, y: float, scale: float = 1.0, angle: float = 0.0, *, mirrored: bool = False) -> Canvas:
        """Return a canvas whose origin is at (x, y) of this one, scaled, turned and perhaps mirrored left to right."""
        a, b, c, d, e, f = self.matrix
        turn = math.radians(angle)
        cos, sin = scale * math.cos(turn), scale * math.sin(turn)
        flip = -1.0 if mirrored else 1.0
        matrix = (
            (a * cos + b * sin) * flip,
            b * cos - a * sin,
            a * x + b * y + c,
            (d * cos + e * sin) * flip,
            e * cos - d * sin,
            d * x + e * y + f,
        )
        return replace(self, matrix=matrix)

    def _map(self, points: Sequence[Point]) -> list[Point]:
        a, b, c, d, e, f = self.matrix
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in points]

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self.pen.polygon(self._map(points), fill=self.tint(colour))

    def blob(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a smooth closed shape through the points (a Catmull-Rom spline)."""
        self.polygon(smooth(points), colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, angle: float = 0.0) -> None:
        """Fill an ellipse of these radii around (x, y), turned by `angle`."""
        self.polygon(arc_points(x, y, rx, ry, 0, 360, angle), colour)

    def pie(self, x: float, y: float, rx: float, ry: float, span: tuple[float, float], colour: Colour) -> None:
        """Fill the part of an ellipse between two angles, cut off by the straight line between them."""
        self.polygon(arc_points(x, y, rx, ry, *span), colour)

    def ring(self, x: float, y: float, rx: float, ry: float, width: float, colour: Colour) -> None:
        """Draw an ellipse as a stroke."""
        points = arc_points(x, y, rx, ry, 0, 360)
        self.line([*points, points[0], points[1]], width, colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, radius: float = 0.0) -> None:
        """Fill a rectangle, its corners rounded by `radius`."""
        if radius <= 0:
            self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)
            return
        r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
        corners = ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180))
        points = [point for x, y, start in corners for point in arc_points(x, y, r, r, start, start + 90)]
        self.polygon(points, colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Draw a stroke with round ends and joints."""
        a, _, _, d, _, _ = self.matrix
        thickness = width * math.hypot(a, d)
        mapped = self._map(points)
        fill = self.tint(colour)
        self.pen.line(mapped, fill=fill, width=max(1, round(thickness)), joint="curve")
        half = thickness / 2
        for x, y in (mapped[0], mapped[-1]):
            self.pen.ellipse((x - half, y - half, x + half, y + half), fill=fill)

    def arc(
        self, x: float, y: float, rx: float, ry: float, span: tuple[float, float], width: float, colour: Colour
    ) -> None:
        """Draw the part of an ellipse between two angles as a stroke."""
        self.line(arc_points(x, y, rx, ry, *span), width, colour)

    def sky(self, top: Colour, bottom: Colour, height: float = UNITS) -> None:
        """Fill the full width from the top of the picture down to `height` with a vertical gradient."""
        bands = 24  # finer than visible in a flat illustration
        for band in range(bands):
            y0, y1 = height * band / bands, height * (band + 1) / bands
            self.polygon([(0, y0), (UNITS, y0), (UNITS, y1), (0, y1)], mix(top, bottom, band / (bands - 1)))


def arc_points(x: float, y: float, rx: float, ry: float, start: float, end: float, angle: float = 0.0) -> list[Point]:
    """Return points on an ellipse from `start` to `end` degrees (0 is right), the ellipse turned by `angle`."""
    pieces = max(4, round(abs(end - start) / 360 * (12 + 0.4 * (rx + ry))))
    turn = math.radians(angle)
    cos, sin = math.cos(turn), math.sin(turn)
    points = []
    for piece in range(pieces + 1):
        t = math.radians(start + (end - start) * piece / pieces)
        u, v = rx * math.cos(t), ry * math.sin(t)
        points.append((x + u * cos - v * sin, y + u * sin + v * cos))
    return points


def smooth(knots: Sequence[Point]) -> list[Point]:
    """Return a closed Catmull-Rom spline through the knots, as straight pieces."""
    count = len(knots)
    points = []
    for index in range(count):
        p0, p1, p2, p3 = (knots[(index + k) % count] for k in (-1, 0, 1, 2))
        for step in range(CURVE_STEPS):
            t = step / CURVE_STEPS
            points.append((_spline(p0[0], p1[0], p2[0], p3[0], t), _spline(p0[1], p1[1], p2[1], p3[1], t)))
    return points


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
