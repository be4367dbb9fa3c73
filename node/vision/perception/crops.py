"""Cuts of a picture for a model's input, and the way back from the model's points to the picture's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Points = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]

# A cut is first shrunk by whole numbers until it is at most this much larger than the model's input: more would alias
# (bilinear sampling looks at four pixels), less would blur.
MOST_SHRINKING = 1.5


@dataclass(frozen=True, slots=True)
class Crop:
    """A turned square of a picture: its middle and side in pixels, its angle in radians, clockwise as one sees it.

    What lies outside the picture is black.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def pixels(self, image: Image.Image, size: int) -> Pixels:
        """Return the square, upright, as (size, size, 3) from 0 to 1."""
        reach = self.side * (abs(math.cos(self.angle)) + abs(math.sin(self.angle))) / 2 + 2
        left, top = max(0, math.floor(self.x - reach)), max(0, math.floor(self.y - reach))
        right, bottom = min(image.width, math.ceil(self.x + reach)), min(image.height, math.ceil(self.y + reach))
        if right <= left or bottom <= top:
            return np.zeros((size, size, 3), np.float32)
        shrink = max(1, int(self.side / size / MOST_SHRINKING))
        part = image.crop((left, top, right, bottom))
        source = part.reduce(shrink) if shrink > 1 else part
        matrix = self._matrix(size)
        matrix[:, 2] -= (left, top)
        crop = source.transform(
            (size, size), Image.Transform.AFFINE, tuple((matrix / shrink).ravel()), Image.Resampling.BILINEAR
        )
        return np.asarray(crop, np.float32) / np.float32(255)

    def to_picture(self, points: Points) -> Points:
        """Return points of the square (n, 2), each coordinate from 0 to 1, as pixels of the picture."""
        matrix = self._matrix(1)
        moved: Points = points @ matrix[:, :2].T + matrix[:, 2]
        return moved

    def _matrix(self, size: int) -> Points:
        """Return the map (2, 3) from the square's pixels, `size` along a side, to the picture's."""
        cos, sin, scale = math.cos(self.angle), math.sin(self.angle), self.side / size
        turn = np.array([[cos, -sin], [sin, cos]]) * scale
        corner = np.array([self.x, self.y]) - turn @ np.array([size / 2, size / 2])
        return np.column_stack([turn, corner])


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A whole picture in the middle of a square, with black bars; `size` is the square's side in pixels."""

    width: int
    height: int
    size: int

    def pixels(self, image: Image.Image) -> Pixels:
        """Return the square as (size, size, 3) from 0 to 255."""
        scale = self.size / max(self.width, self.height)
        small = (max(1, round(self.width * scale)), max(1, round(self.height * scale)))
        box = Image.new("RGB", (self.size, self.size))
        box.paste(image.resize(small, Image.Resampling.BILINEAR, reducing_gap=2.0), self._corner(small))
        return np.asarray(box, np.float32)

    def to_picture(self, points: Points) -> Points:
        """Return points of the square (n, 2), each coordinate from 0 to 1, as pixels of the picture."""
        scale = self.size / max(self.width, self.height)
        small = (max(1, round(self.width * scale)), max(1, round(self.height * scale)))
        moved: Points = (points * self.size - np.array(self._corner(small))) / scale
        return moved

    def _corner(self, small: tuple[int, int]) -> tuple[int, int]:
        return (self.size - small[0]) // 2, (self.size - small[1]) // 2
