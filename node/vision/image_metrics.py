"""Measures of pictures and captions: how alike two of them are, and whether a picture is a flat drawing.

The embedded captioner knows flat drawings and no photos. A drawing is made of even areas with outlines where they meet;
a photo is shaded, however smooth it appears. Every function is pure, uses no model and takes some milliseconds.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from node.vision.rgb import to_rgb

# Blocks along a side in `difference`: coarse enough that a step aside counts little, fine enough to distinguish a head
# from a wall.
BLOCKS = 16

# Words of any caption: to share them shows nothing.
LITTLE_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "it", "of", "on", "the", "to", "top", "with"}

# Pixels along the longer side at which `is_drawing` looks. Grain and a codec's blocks are averaged away, outlines stay.
DRAWING_SIDE = 256

# Pixels along the square whose median is taken first: grain and the fringes of outlines vanish in it.
MEDIAN = 5

# Levels by which neighbours differ in an even area, at most; in shading, at most; and at an outline, more than.
EVEN, SHADED, OUTLINED = 1, 8, 24

# The share of even neighbours in a drawing, at least: 24 drawn scenes have .82 and more. Photos of webcams have .48 to
# .75, sharp ones .12 to .6; one before white paper has .86.
LEAST_EVEN = 0.6

# Of neighbours that differ, how many are outlines: .26 to .94 in drawings, where colours meet, and .03 to .26 in
# photos, where a cheek is shaded. (Of those above LEAST_EVEN, .19 at most.) A drawing that went through JPEG has .12 to
# .35, and is a photo here: a photo taken for a drawing would get words that are made up.
LEAST_OUTLINED = 0.23

# Less of shading than this is none.
LEAST_SHADED = 0.02


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
    small = to_rgb(image)
    if max(small.size) > DRAWING_SIDE:
        small = ImageOps.contain(small, (DRAWING_SIDE, DRAWING_SIDE), Image.Resampling.BOX)
    steps = _steps(np.asarray(small.filter(ImageFilter.MedianFilter(MEDIAN)), dtype=np.int16))
    if not steps.size:
        return True
    even, outlined = float(np.mean(steps <= EVEN)), float(np.mean(steps > OUTLINED))
    shaded = float(np.mean((steps > EVEN) & (steps <= SHADED)))
    few = shaded < LEAST_SHADED or outlined >= LEAST_OUTLINED * (outlined + shaded)
    return even >= LEAST_EVEN and few


def _steps(pixels: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return by how much each pixel differs from the one beside or below it, in the channel that differs most."""
    beside = np.abs(np.diff(pixels, axis=1)).max(axis=2)
    below = np.abs(np.diff(pixels, axis=0)).max(axis=2)
    return np.concatenate([beside.ravel(), below.ravel()])


def _blocks(image: Image.Image) -> npt.NDArray[np.float64]:
    """Return the mean colours of BLOCKS by BLOCKS blocks, (BLOCKS, BLOCKS, 3)."""
    small = image.convert("RGB").resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _words(caption: str) -> set[str]:
    return set(re.findall(r"\w+", caption.lower())) - LITTLE_WORDS
