"""The gate: whether the scene changed enough since the last captioned snapshot to caption it again.

Both pictures are shrunk to a coarse grid of blocks, where a webcam's grain averages out and a hand or a
mouth still fills a block. The whole picture's brightness and tint are taken out first (a lamp's flicker and
the camera's automatic exposure change them, a scene seldom does); then the largest difference of a block decides,
not the mean, in which a small change would drown. Pure: pictures in, a decision out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Blocks = npt.NDArray[np.float32]
"""Y, Cb and Cr of every block, (GRID, GRID, 3), each 0 to 255."""

GRID = 32
"""Blocks along a side: 8 pixels each in a 256-pixel scene, the size of a mouth's half."""

LEAST_CONTRAST = 14.0
MOST_CONTRAST = 40.0
"""A block counts as changed when it differs by the picture's own contrast (the deviation of its blocks' brightness),
in levels of 255 within these bounds. Below 14, a webcam's grain of 20 levels a pixel would pass (8 pixels a side
average it to 2.5, and the largest of 3,072 differences of two lies at 3.6 deviations). Beyond 40, some changes of
attributes in drawn scenes would not (the least of 60 measured was 52; breathing and blinking gave up to 36)."""

FLICKER_LEVELS = 24.0
"""A brightness step of the whole picture beyond this is not flicker: the lamp went out, night fell."""


class Gate:
    """Decides snapshot by snapshot; the reference is the last one it let through.

    `threshold` is in multiples of the reference's contrast. The first snapshot always passes.
    """

    def __init__(self, threshold: float = 1.0) -> None:
        self._threshold = threshold
        self._reference: Blocks | None = None

    def changed(self, image: Image.Image) -> bool:
        """Whether to caption this snapshot. If so, it is what later ones are compared with."""
        blocks = _blocks(image)
        if self._reference is not None:
            limit = self._threshold * _contrast(self._reference)
            if np.max(np.abs(_difference(self._reference, blocks))) <= limit:
                return False
        self._reference = blocks
        return True

    def reset(self) -> None:
        """Forget the reference: the next snapshot passes. For when a caption was lost on its way."""
        self._reference = None


def _blocks(image: Image.Image) -> Blocks:
    """The picture as mean colours of GRID x GRID blocks, whatever its size and shape."""
    small = image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(small.convert("YCbCr"), dtype=np.float32)


def _difference(before: Blocks, after: Blocks) -> Blocks:
    """What changed in each block beyond a change of the whole picture's brightness and tint."""
    difference = after - before
    common = np.median(difference, axis=(0, 1))
    return np.asarray(difference - np.clip(common, -FLICKER_LEVELS, FLICKER_LEVELS), dtype=np.float32)


def _contrast(blocks: Blocks) -> float:
    """How much the picture's blocks differ among themselves in brightness, within the bounds."""
    return float(np.clip(np.std(blocks[..., 0]), LEAST_CONTRAST, MOST_CONTRAST))
