"""Golden vectors: what the shipped codebook makes of 200 captions, and that a second decoder reads the same.

After a change of codebook, and for no other reason, scripts/make_golden_captions.py makes them anew.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from reference_decoder import Reference

from node.captions.coder import shipped_codecs

CODECS, CODEBOOK = shipped_codecs(), files("protocol.captions").joinpath("captions.codebook")
GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "golden_captions.json").read_text("utf-8"))
CAPTIONS: list[dict[str, str]] = GOLDEN["captions"]


def decoded(reference: Reference, entry: dict[str, str]) -> str:
    return reference.decode(bytes.fromhex(entry["hex"]), entry.get("earlier"))


def test_they_are_of_the_codebook_that_ships() -> None:
    (book,) = CODECS.codebooks()
    assert GOLDEN["codebook"] == [book.id, book.hash.hex()]
    assert len(CAPTIONS) == 200


def test_captions_become_their_bytes_and_bytes_their_captions() -> None:
    for entry in CAPTIONS:
        text, earlier = entry["text"], entry.get("earlier")
        assert CODECS.encode(text, 2, earlier).data.hex() == entry["hex"], text
        assert CODECS.decode(2, bytes.fromhex(entry["hex"]), earlier) == text


def test_the_reference_decoder_agrees() -> None:
    reference = Reference(CODEBOOK.read_bytes())
    for entry in CAPTIONS:
        assert decoded(reference, entry) == entry["text"]


@pytest.fixture(scope="module")
def pure() -> Reference:
    return Reference(CODEBOOK.read_bytes(), pure=True)


@pytest.mark.parametrize("index", [5, 38, -1])
def test_so_does_pure_python(pure: Reference, index: int) -> None:
    assert decoded(pure, CAPTIONS[index]) == CAPTIONS[index]["text"]
