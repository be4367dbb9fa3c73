"""Golden vectors: what the shipped codebook makes of 200 captions, and that a second decoder reads the same.

After a change of codebook, and for no other reason, scripts/make_golden_captions.py makes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reference_decoder import Reference

from node import codebook
from protocol.captions import model_codec

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "golden_captions.json").read_text("utf-8"))
CAPTIONS: list[dict[str, str]] = GOLDEN["captions"]


def decoded(reference: Reference, entry: dict[str, str]) -> str:
    return reference.decode(bytes.fromhex(entry["hex"]), entry.get("earlier"))


def test_they_are_of_the_codebook_that_ships() -> None:
    book = model_codec.identity()
    assert GOLDEN["codebook"] == [book.id, book.hash.hex()]
    assert len(CAPTIONS) == 200


def test_captions_become_their_bytes_and_bytes_their_captions() -> None:
    for entry in CAPTIONS:
        text, earlier = entry["text"], entry.get("earlier")
        assert model_codec.encode(text, earlier)[0].hex() == entry["hex"], text
        assert model_codec.decode(bytes.fromhex(entry["hex"]), earlier) == text


def test_the_reference_decoder_agrees() -> None:
    reference = Reference(codebook.read())
    for entry in CAPTIONS:
        assert decoded(reference, entry) == entry["text"]


@pytest.fixture(scope="module")
def pure() -> Reference:
    return Reference(codebook.read(), pure=True)


@pytest.mark.parametrize("index", [5, 38, -1])
def test_so_does_pure_python(pure: Reference, index: int) -> None:
    assert decoded(pure, CAPTIONS[index]) == CAPTIONS[index]["text"]
