"""A picture as words."""

from __future__ import annotations

from PIL import Image
from stand_in_codec import STAND_IN, stand_in_codecs

from node.bench.pictures import words

PAINTED = Image.new("RGB", (8, 8))


def test_the_article_counts_its_code_and_we_whole_bytes() -> None:
    theirs, ours = words.ways(stand_in_codecs(), "a cat sitting on top of a wooden bench", PAINTED)
    assert (theirs.bits, theirs.words, theirs.shown) == ((174, 174), "acatsittingontopofawoodenbench", None)
    assert (ours.bits, ours.shown) == ((8 * 38, 8 * 38), PAINTED)
    assert ours.note == f"38 bytes, codec {STAND_IN} (stand-in)"


def test_no_words_are_no_failure() -> None:
    theirs, ours = words.ways(stand_in_codecs(), "", None)
    assert (theirs.bits, theirs.words) == ((0, 0), "")
    assert ours.words == ""
