"""The gate in front of the captioner: whether a snapshot differs enough from the last captioned one.

Both pictures are shrunk to a coarse grid of blocks, in which a webcam's grain averages out and a hand or a mouth still
fills a block. A change of the picture's overall brightness and tint is subtracted first (a lamp's flicker and the
camera's automatic exposure cause it, a scene seldom does); then the largest difference of a block decides, not the
mean, in which a small change would disappear.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

# Y, Cb and Cr of every block, (GRID, GRID, 3), each 0 to 255.
Blocks = npt.NDArray[np.float32]

# Blocks along a side: 8 pixels each in a 256-pixel scene, half the size of a mouth.
GRID = 32

# A block counts as changed when it differs by the picture's own contrast (the deviation of its blocks' brightness), in
# levels of 255 within these bounds. Below 14, a webcam's grain of 20 levels a pixel would pass (8 pixels a side average
# it to 2.5, and the largest of 3,072 differences of two is 3.6 deviations). Beyond 40, some changes of attributes in
# drawn scenes would not (the least of 60 measured was 52; breathing and blinking gave up to 36).
LEAST_CONTRAST = 14.0
MOST_CONTRAST = 40.0

# The part of that by which photos differ when somebody smiles or looks aside: a mouth takes two blocks.
FINE = 0.5

# A brightness step of the entire picture beyond this is no flicker: a lamp was switched off, or night fell.
FLICKER_LEVELS = 24.0


class Gate:
    """A change detector of snapshots; the reference is the last one that passed.

    `threshold` is in multiples of the reference's contrast. The first snapshot always passes.
    """

    def __init__(self, threshold: float = 1.0) -> None:
        self._threshold = threshold
        self._reference: Blocks | None = None

    def changed(self, image: Image.Image, fine: bool = False) -> bool:
        """Return whether to caption this snapshot, of a `fine` camera for less. If so, it becomes the reference."""
        blocks = _blocks(image)
        if self._reference is not None:
            limit = self._threshold * (FINE if fine else 1.0) * _contrast(self._reference)
            if np.max(np.abs(_difference(self._reference, blocks))) <= limit:
                return False
        self._reference = blocks
        return True

    def reset(self) -> None:
        """Forget the reference, after a caption that failed: the next snapshot passes."""
        self._reference = None


def _blocks(image: Image.Image) -> Blocks:
    """Return the mean colours of GRID x GRID blocks of a picture of any size and shape."""
    small = image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(small.convert("YCbCr"), dtype=np.float32)


def _difference(before: Blocks, after: Blocks) -> Blocks:
    """Return the change of each block beyond that of the picture's overall brightness and tint."""
    difference = after - before
    common = np.median(difference, axis=(0, 1))
    return np.asarray(difference - np.clip(common, -FLICKER_LEVELS, FLICKER_LEVELS), dtype=np.float32)


def _contrast(blocks: Blocks) -> float:
    """Return the deviation of the blocks' brightness, within the bounds."""
    return float(np.clip(np.std(blocks[..., 0]), LEAST_CONTRAST, MOST_CONTRAST))
