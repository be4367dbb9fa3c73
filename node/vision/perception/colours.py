"""Colours as a person would name them: balanced by the picture's own greys, in CIE Lab, and the light of a picture.

A lamp's colour is on everything it lights. Walls, tables and papers are mostly grey, so what is nearly grey in the
picture shows the lamp: the picture is divided by it. The brightest of it also shows how bright white is, without which
dark blue in a dim room is black.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.vision.perception.observation import Rgb
from node.vision.scenes.world import Cloth, Light

# (height, width, 3) or (n, 3), levels from 0 to 255.
Levels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

# What counts as nearly grey: how far the channels differ, as a share of the largest; and how bright it is at least and
# at most (noise has no colour, and a clipped channel lies about it).
GREY_SPREAD = 0.33
GREY_RANGE = (60.0, 250.0)

# Below this share of the picture the greys are an accident, and nothing is balanced.
LEAST_GREYS = 0.05

# No lamp's colour is divided away further: what is beyond is paint.
MOST_GAIN = 1.35

# White is made this bright, from the level that a share of the greys exceeds. Brightening goes no further than a
# factor, for a wall may be dark.
WHITE, BRIGHT_GREYS, MOST_BRIGHTENING = 215.0, 0.1, 1.9

# A picture whose channels differ by less than this, in all but a hundredth of it, has no colours.
GREY_PICTURE = 10.0

# Brightness, 0 to 255, that a hundredth of the picture exceeds: darker than this it shows nothing.
BLACK_PICTURE = 24.0

# Standard deviation of the brightness: below it the picture is one surface, such as a lens cover.
PLAIN_PICTURE = 3.0

# Brightness of the middle and of the brightest twentieth of a picture that was taken at night.
NIGHT_MIDDLE, NIGHT_BRIGHTEST = 30.0, 115.0

# Brightness weighs the channels as the eye does (Rec. 601).
WEIGHTS = np.array([0.299, 0.587, 0.114])

# CIE Lab of cloth: below BLACK_BELOW everything is black, and what has less chroma than COLOURLESS (of black, more:
# noise and JPEG tint dark cloth) is black up to WHITE_FROM and white from there.
BLACK_BELOW, WHITE_FROM, COLOURLESS, COLOURLESS_DARK, DARK = 11.0, 62.0, 13.0, 16.0, 45.0

# Where one colour's hues end and the next one's begin, in degrees of Lab.
HUES = (
    (38.0, Cloth.RED), (77.0, Cloth.ORANGE), (104.0, Cloth.YELLOW), (205.0, Cloth.GREEN), (302.0, Cloth.BLUE),
    (345.0, Cloth.PURPLE), (360.0, Cloth.RED),
)  # fmt: skip

# CIE's constants: XYZ of linear sRGB, and the white point D65.
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]])
D65 = np.array([0.95047, 1.0, 1.08883])


@dataclass(frozen=True, slots=True)
class Balance:
    """What each channel is multiplied by, so that the picture's greys are grey and its white is white."""

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def applied(self, levels: Levels | Floats) -> Floats:
        """Return the balanced levels, 0 to 255."""
        return np.asarray(np.clip(levels * np.array(self.gains), 0, 255), np.float64)


def brightness(levels: Levels) -> Floats:
    """Return the brightness of each pixel, 0 to 255."""
    return np.asarray(levels @ WEIGHTS, np.float64)


def balance_of(levels: Levels) -> Balance:
    """Return the balance by the nearly grey of these pixels (n, 3); one that changes nothing if it has too few."""
    pixels = levels.astype(np.float32)
    most = pixels.max(axis=1)
    grey = (most - pixels.min(axis=1) < GREY_SPREAD * most) & (most > GREY_RANGE[0]) & (most < GREY_RANGE[1])
    if grey.sum() < max(1, LEAST_GREYS * len(pixels)):
        return Balance()
    greys = pixels[grey]
    lamp = np.median(greys, axis=0).astype(np.float64)
    gains = np.clip(lamp.mean() / lamp, 1 / MOST_GAIN, MOST_GAIN)
    brightest = float(np.quantile((greys * gains) @ WEIGHTS, 1 - BRIGHT_GREYS))
    red, green, blue = gains * np.clip(WHITE / brightest, 1.0, MOST_BRIGHTENING)
    return Balance((float(red), float(green), float(blue)))


def shows_nothing(levels: Levels) -> bool:
    """Return whether the picture is black, or one plain surface."""
    bright = brightness(levels)
    return bool(np.quantile(bright, 0.99) < BLACK_PICTURE or bright.std() < PLAIN_PICTURE)


def is_colourless(levels: Levels) -> bool:
    """Return whether the picture is in shades of grey."""
    pixels = levels.reshape(-1, 3).astype(np.int16)
    return bool(np.quantile(pixels.max(axis=1) - pixels.min(axis=1), 0.99) < GREY_PICTURE)


def light_of(levels: Levels) -> Light:
    """Return night for a dark picture, else day: a warm lamp is no sunset, and rain is not seen from a room."""
    bright = brightness(levels)
    dark = np.median(bright) < NIGHT_MIDDLE and np.quantile(bright, 0.95) < NIGHT_BRIGHTEST
    return Light.NIGHT if dark else Light.DAY


def lab(levels: Levels | Floats) -> Floats:
    """Return CIE Lab (D65) of sRGB levels (..., 3)."""
    share = np.asarray(levels, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ XYZ.T / D65
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def cloth_word(levels: Floats) -> Cloth:
    """Return the drawn world's word for a cloth of this colour (3), balanced."""
    bright, red, yellow = map(float, lab(levels))
    chroma, hue = float(np.hypot(red, yellow)), float(np.degrees(np.arctan2(yellow, red)) % 360)
    colourless = COLOURLESS_DARK if bright < DARK else COLOURLESS
    if bright < BLACK_BELOW or (chroma < colourless and bright < WHITE_FROM):
        return Cloth.BLACK
    if chroma < colourless:
        return Cloth.WHITE
    return next(word for end, word in HUES if hue <= end)


def as_rgb(levels: Floats) -> Rgb:
    """Return a colour (3) in whole levels."""
    red, green, blue = (round(float(level)) for level in np.clip(levels, 0, 255))
    return red, green, blue
