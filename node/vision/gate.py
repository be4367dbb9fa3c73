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

THRESHOLD = 14.0
"""Levels (of 255) by which a block must differ: above what grain leaves after averaging, below a lip's shade."""

FLICKER_LEVELS = 24.0
"""A brightness step of the whole picture beyond this is not flicker: the lamp went out, night fell."""

NOISE_FACTOR = 8.0
"""How far the threshold stays above the median difference of two snapshots (the camera's own noise): the largest
of 3,072 normal samples lies at 3.6 deviations, and a deviation is 1.5 median absolute differences."""

LARGEST_THRESHOLD = 40.0
"""However noisy the camera, a change as large as this counts."""

NOISE_MEMORY = 0.8
"""The share of the old noise estimate kept at each snapshot: it follows a change of light in a few seconds."""


class Gate:
    """Decides snapshot by snapshot; the reference is the last one it let through.

    `threshold` is in levels of 255. The first snapshot always passes.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._reference: Blocks | None = None
        self._previous: Blocks | None = None
        self._noise = 0.0

    def changed(self, image: Image.Image) -> bool:
        """Whether to caption this snapshot. If so, it is what later ones are compared with."""
        blocks = _blocks(image)
        self._learn_noise(blocks)
        self._previous = blocks
        if self._reference is not None and _largest(self._reference, blocks) <= self._limit():
            return False
        self._reference = blocks
        return True

    def reset(self) -> None:
        """Forget the reference: the next snapshot passes. For when a caption was lost on its way."""
        self._reference = None

    def _limit(self) -> float:
        return min(max(self._threshold, NOISE_FACTOR * self._noise), max(self._threshold, LARGEST_THRESHOLD))

    def _learn_noise(self, blocks: Blocks) -> None:
        if self._previous is not None:
            seen = float(np.median(np.abs(_difference(self._previous, blocks))))
            self._noise = NOISE_MEMORY * self._noise + (1 - NOISE_MEMORY) * seen


def _blocks(image: Image.Image) -> Blocks:
    """The picture as mean colours of GRID x GRID blocks, whatever its size and shape."""
    small = image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(small.convert("YCbCr"), dtype=np.float32)


def _difference(before: Blocks, after: Blocks) -> Blocks:
    """What changed in each block beyond a change of the whole picture's brightness and tint."""
    difference = after - before
    common = np.median(difference, axis=(0, 1))
    return np.asarray(difference - np.clip(common, -FLICKER_LEVELS, FLICKER_LEVELS), dtype=np.float32)


def _largest(before: Blocks, after: Blocks) -> float:
    return float(np.max(np.abs(_difference(before, after))))
