"""Whether a picture is a flat drawing, such as the embedded models know, or a photo, of which they know nothing.

A drawing is made of even areas in few colours: most pixels equal their neighbours exactly, and a handful of
colours cover it. Grain, shading and texture leave a photo neither, however smooth it looks. Pure: a picture in, an
answer out, in some milliseconds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.vision.rgb import to_rgb

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3)."""

LONGEST_SIDE = 512
"""Pixels. Larger pictures are shrunk by a whole number first: that averages a codec's smoothing away, which makes the
neighbours in a large photo alike, and is quicker."""

LEAST_EVEN = 0.22
"""Share of pixels that equal the next one, mean of both directions. The least of 80 drawn scenes in every light: .87
as drawn, .30 after JPEG at quality 40 to 90. Photos have .01 to .13, the smoothest of blurs after JPEG at quality 30
has .15."""

LEAST_COVERED = 0.55
"""Share of the picture that its COLOURS most frequent colours cover. The same scenes: .94 as drawn, .60 after JPEG; a
photo .47, a blur .15. A dark and misty photo may well have .83, for which there is the other measure."""

COLOURS = 32
LEVEL_BITS = 4
"""Colours are told apart by this many bits of each channel."""


def is_drawing(image: Image.Image) -> bool:
    """Whether the picture, of any size and mode, is a flat drawing. One of a single colour counts as drawn."""
    shrink = max(1, -(-max(image.size) // LONGEST_SIDE))
    pixels = np.asarray(to_rgb(image).reduce(shrink))
    return even_share(pixels) >= LEAST_EVEN and covered_share(pixels) >= LEAST_COVERED


def even_share(pixels: Pixels) -> float:
    """The share of pixels that equal their right or lower neighbour in every channel; 1 where there is none."""
    pairs = ((pixels[:, 1:], pixels[:, :-1]), (pixels[1:], pixels[:-1]))
    shares = [np.all(one == other, axis=2).mean() for one, other in pairs if one.size]
    return float(np.mean(shares)) if shares else 1.0


def covered_share(pixels: Pixels) -> float:
    """The share of the picture that its COLOURS most frequent colours cover."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32) >> (8 - LEVEL_BITS), 2, 0)
    counts = np.bincount(((red << 2 * LEVEL_BITS) | (green << LEVEL_BITS) | blue).ravel())
    return float(np.sort(counts)[-COLOURS:].sum() / counts.sum())
