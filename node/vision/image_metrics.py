"""How alike two pictures are, and two captions: by colours and where they are, and by words. No model is asked."""

from __future__ import annotations

import re

import numpy as np
from PIL import Image

BLOCKS = 16
"""Blocks along a side: coarse enough that a step aside counts little, fine enough to tell a head from a wall."""

LITTLE_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "it", "of", "on", "the", "to", "top", "with"}
"""Words of any caption: to share them says nothing."""


def difference(one: Image.Image, other: Image.Image) -> float:
    """The root of the mean square difference of the pictures' blocks in RGB, from 0 (alike) to 255.

    Their sizes and shapes do not matter: each is divided into BLOCKS by BLOCKS.
    """
    return float(np.sqrt(np.mean((_blocks(one) - _blocks(other)) ** 2)))


def words_kept(before: str, after: str) -> float:
    """The share of words that two captions have in common (Dice's coefficient), 0 to 1; little words aside."""
    one, other = _words(before), _words(after)
    if not one and not other:
        return 1.0
    return 2 * len(one & other) / (len(one) + len(other))


def _blocks(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    small = image.convert("RGB").resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _words(caption: str) -> set[str]:
    return set(re.findall(r"\w+", caption.lower())) - LITTLE_WORDS
