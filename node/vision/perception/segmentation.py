"""Whose pixels are whose: the segmenter's mask of persons, and in it the areas of clothes, skin and hair.

The model is MediaPipe's selfie segmenter (Apache-2.0). It says which pixels belong to somebody, never whether anybody
is there: it takes a cat for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.vision.perception.colours import Floats, Levels, lab
from node.vision.perception.face import CHEEKS, CHIN, HAIRLINE, Face
from node.vision.perception.gestures import Hand
from node.vision.perception.litert import LiteModel

# (GRID, GRID).
Area = npt.NDArray[np.bool_]

# Pixels along the model's input. Colours are looked for in every second pixel of every second row: a quarter of the
# work, and the same medians.
SIDE, STEP = 256, 2
GRID = SIDE // STEP

# Certainty from which a pixel is a person's. At .5 the rim takes the wall's colour.
PERSON_SHARE = 0.6

# Pixels: with fewer a colour is an accident.
LEAST_PIXELS = 12

# Clothes: from so far below the chin to so far, and so far to either side, in heights and widths of the face.
CLOTHES_FROM, CLOTHES_TO, CLOTHES_ASIDE = 0.35, 2.6, 1.35

# Without a face, in shares of a person's box.
TRUNK_FROM, TRUNK_TO, TRUNK_ASIDE = 0.28, 0.6, 0.28

# Hair: from so far above the mesh's uppermost point, which lies on the forehead, to so far, and to either side.
HAIR_FROM, HAIR_TO, HAIR_ASIDE = 0.14, 0.34, 0.35

# Around a hand's points, in pixels of the grid, all is left out.
HAND_MARGIN = 3

# Distance in Lab (without brightness, which shadows change) within which cloth counts as skin: a neckline is skin.
SKIN_DISTANCE, SKIN_BRIGHTNESS = 11.0, 22.0


class PersonSegmenter:
    """The segmenter of persons."""

    def __init__(self, path: Path) -> None:
        self._model = LiteModel(path)

    def area(self, small: Levels) -> Area:
        """Return which pixels of `on_grid` are a person's, of a picture of SIDE by SIDE."""
        shares = self._model(small.astype(np.float32) / 255)[0][0, ::STEP, ::STEP, 0]
        return np.asarray(shares > PERSON_SHARE)


def squeezed(image: Image.Image) -> Levels:
    """Return the whole picture as GRID by GRID pixels."""
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0))


def on_grid(small: Levels) -> Levels:
    """Return the pixels of a picture of SIDE by SIDE that colours are taken from, GRID by GRID."""
    return small[::STEP, ::STEP]


def clothes(person: Area, face: Face, hands: Sequence[Hand], size: tuple[int, int]) -> Area:
    """Return the area below a face in which clothes are, without hands; `size` is the picture's in pixels."""
    scale = GRID / np.array(size)
    chin, height, width = face.points[CHIN, :2] * scale, face.height * scale[1], face.width * scale[0]
    down, across = np.mgrid[0:GRID, 0:GRID]
    area = person & (down > chin[1] + CLOTHES_FROM * height) & (down < chin[1] + CLOTHES_TO * height)
    area &= abs(across - chin[0]) < CLOTHES_ASIDE * width
    return np.asarray(area & ~_around(hands, scale))


def trunk(person: Area, box: tuple[float, float, float, float], hands: Sequence[Hand], size: tuple[int, int]) -> Area:
    """Return the area of a person's box (shares) in which clothes are, where no face is seen."""
    left, top, right, bottom = (edge * GRID for edge in box)
    down, across = np.mgrid[0:GRID, 0:GRID]
    area = person & (down > top + TRUNK_FROM * (bottom - top)) & (down < top + TRUNK_TO * (bottom - top))
    area &= abs(across - (left + right) / 2) < TRUNK_ASIDE * (right - left)
    return np.asarray(area & ~_around(hands, GRID / np.array(size)))


def hair(person: Area, face: Face, size: tuple[int, int]) -> Area:
    """Return the area above a face in which hair is, if there is any."""
    scale = GRID / np.array(size)
    top, chin = face.points[HAIRLINE, :2] * scale, face.points[CHIN, :2] * scale
    up = top - chin
    down, across = np.mgrid[0:GRID, 0:GRID]
    place = np.stack([across, down], axis=-1) - top
    along = place @ up / max(1e-6, float(up @ up))
    aside = np.abs(place @ np.array([-up[1], up[0]])) / max(1e-6, float(np.hypot(*up)))
    band = (along > HAIR_FROM) & (along < HAIR_TO) & (aside < HAIR_ASIDE * face.width * scale[0])
    return np.asarray(person & band)


def skin_colour(small: Floats, face: Face, size: tuple[int, int]) -> Floats:
    """Return the colour of a face's cheeks and forehead: medians of the levels (3)."""
    places = np.clip(face.points[list(CHEEKS), :2] * (GRID / np.array(size)), 1, GRID - 2).astype(int)
    patches = [small[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3) for x, y in places]
    return np.asarray(np.median(np.concatenate(patches), axis=0), np.float64)


def colour_in(levels: Floats, area: Area, skin: Floats | None = None) -> Floats | None:
    """Return the median colour (3) of an area, without what has the skin's; None if too little of it is seen."""
    pixels = levels[area]
    if skin is not None and len(pixels):
        away = np.abs(lab(pixels) - lab(skin))
        pixels = pixels[(np.hypot(away[:, 1], away[:, 2]) > SKIN_DISTANCE) | (away[:, 0] > SKIN_BRIGHTNESS)]
    if len(pixels) < LEAST_PIXELS:
        return None
    return np.asarray(np.median(pixels, axis=0), np.float64)


def _around(hands: Sequence[Hand], scale: Floats) -> Area:
    """Return the boxes around hands."""
    down, across = np.mgrid[0:GRID, 0:GRID]
    area: Area = np.zeros((GRID, GRID), bool)
    for hand in hands:
        low, high = (hand.points[:, :2] * scale).min(axis=0), (hand.points[:, :2] * scale).max(axis=0)
        inside = (across > low[0] - HAND_MARGIN) & (across < high[0] + HAND_MARGIN)
        area |= inside & (down > low[1] - HAND_MARGIN) & (down < high[1] + HAND_MARGIN)
    return area
