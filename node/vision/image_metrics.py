"""Measures of pictures and captions: how alike two of them are, and whether a picture is a flat drawing.

The embedded models know flat drawings and no photos. A drawing is made of even areas in few colours: most pixels equal
their neighbours exactly, and a handful of colours cover it. A photo has neither, because of grain, shading and texture,
however smooth it appears. Every function is pure, uses no model and takes some milliseconds.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.vision.rgb import to_rgb

# Blocks along a side in `difference`: coarse enough that a step aside counts little, fine enough to distinguish a head
# from a wall.
BLOCKS = 16

# Words of any caption: to share them shows nothing.
LITTLE_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "it", "of", "on", "the", "to", "top", "with"}

# Pixels. `is_drawing` first shrinks larger pictures by an integer factor: that averages a codec's smoothing away, which
# makes the neighbours in a large photo alike, and is quicker.
LONGEST_SIDE = 512

# Share of pixels that equal the next one, mean of both directions. The least of 80 drawn scenes in every light: .87 as
# drawn, .30 after JPEG at quality 40 to 90. Photos have .01 to .13, the smoothest of blurs after JPEG at quality 30 has
# .15.
LEAST_EVEN = 0.22

# Share of the picture that its COLOURS most frequent colours cover. The same scenes: .94 as drawn, .60 after JPEG; a
# photo .47, a blur .15. A dark and misty photo may well have .83, which LEAST_EVEN catches.
LEAST_COVERED = 0.55

COLOURS = 32

# Bits of each channel that count when colours are compared.
LEVEL_BITS = 4

# (height, width, 3).
Pixels = npt.NDArray[np.uint8]


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the root of the mean square difference of the pictures' blocks in RGB, from 0 (alike) to 255.

    Their sizes and shapes do not matter: each is divided into BLOCKS by BLOCKS.
    """
    return float(np.sqrt(np.mean((_blocks(one) - _blocks(other)) ** 2)))


def words_kept(before: str, after: str) -> float:
    """Return the share of words that two captions have in common (Dice's coefficient), 0 to 1, without LITTLE_WORDS."""
    one, other = _words(before), _words(after)
    if not one and not other:
        return 1.0
    return 2 * len(one & other) / (len(one) + len(other))


def is_drawing(image: Image.Image) -> bool:
    """Return whether the picture, of any size and mode, is a flat drawing. One of a single colour counts as drawn."""
    shrink = max(1, -(-max(image.size) // LONGEST_SIDE))
    pixels = np.asarray(to_rgb(image).reduce(shrink))
    return even_share(pixels) >= LEAST_EVEN and covered_share(pixels) >= LEAST_COVERED


def even_share(pixels: Pixels) -> float:
    """Return the share of pixels that equal their right or lower neighbour in every channel; 1 if there is none."""
    pairs = ((pixels[:, 1:], pixels[:, :-1]), (pixels[1:], pixels[:-1]))
    shares = [np.all(one == other, axis=2).mean() for one, other in pairs if one.size]
    return float(np.mean(shares)) if shares else 1.0


def covered_share(pixels: Pixels) -> float:
    """Return the share of the picture that its COLOURS most frequent colours cover."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32) >> (8 - LEVEL_BITS), 2, 0)
    counts = np.bincount(((red << 2 * LEVEL_BITS) | (green << LEVEL_BITS) | blue).ravel())
    return float(np.sort(counts)[-COLOURS:].sum() / counts.sum())


def _blocks(image: Image.Image) -> npt.NDArray[np.float64]:
    """Return the mean colours of BLOCKS by BLOCKS blocks, (BLOCKS, BLOCKS, 3)."""
    small = image.convert("RGB").resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _words(caption: str) -> set[str]:
    return set(re.findall(r"\w+", caption.lower())) - LITTLE_WORDS
