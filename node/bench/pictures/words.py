"""A picture as words: the article's way and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.bench.pictures.ways import SIDES, Way
from protocol.captions.registry import CaptionCodecs

if TYPE_CHECKING:
    from PIL import Image

LZW = 1
"""The article's codec. Its bits are those of the code alone, as the article counts them."""


def ways(codecs: CaptionCodecs, caption: str, painted: Image.Image | None) -> tuple[Way, Way]:
    """The caption in the article's LZW and in our newest codec, of which ``painted`` is what the receiver makes.

    Ours is counted in whole bytes, as a frame carries it.
    """
    theirs, ours = codecs.encode(caption, LZW), codecs.encode(caption, codecs.newest())
    size = len(ours.data)
    note = f"{size} bytes, codec {ours.codec} ({codecs.name(ours.codec)})"
    return (
        Way("caption, article's LZW", "spaces lost", _same(theirs.bits), words=codecs.decode(LZW, theirs.data)),
        Way("caption, ours", note, _same(8 * size), painted, caption),
    )


def _same(bits: int) -> tuple[int, ...]:
    """Words cost the same however large the picture is."""
    return (bits,) * len(SIDES)
