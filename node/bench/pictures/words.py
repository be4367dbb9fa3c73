"""A picture as words: the article's way and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.bench.pictures.ways import SIDES, Way
from protocol.captions import registry

if TYPE_CHECKING:
    from PIL import Image

LZW = 1
"""The article's codec. Its bits are those of the code alone, as the article counts them."""


def ways(caption: str, painted: Image.Image | None) -> tuple[Way, Way]:
    """The caption in the article's LZW and in our newest codec, of which ``painted`` is what the receiver makes.

    Ours is counted in whole bytes, as a frame carries it.
    """
    theirs, ours = registry.encode(caption, LZW), registry.encode(caption, registry.newest())
    size = len(ours.data)
    note = f"{size} bytes, codec {ours.codec} ({registry.name(ours.codec)})"
    return (
        Way("caption, article's LZW", "spaces lost", _same(theirs.bits), words=registry.decode(LZW, theirs.data)),
        Way("caption, ours", note, _same(8 * size), painted, caption),
    )


def _same(bits: int) -> tuple[int, ...]:
    """Words cost the same however large the picture is."""
    return (bits,) * len(SIDES)
