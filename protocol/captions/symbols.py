"""The symbols of tokens and signs that are no words and no signs: those of words follow from 2 on, of signs from 3."""

from __future__ import annotations

__all__ = ["END", "FAR", "NEAR", "UNKNOWN"]

# Of a caption, and of a spelled word.
END = 0
# A token that is no word of the codebook: it is spelled.
UNKNOWN = 1
# A sign that is not listed: one of two bytes of UTF-8, and any other. Its number follows.
NEAR = 1
FAR = 2
