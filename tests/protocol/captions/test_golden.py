"""Golden vectors: what the shipped codebooks make of 200 captions each, and that a second decoder reads the same.

For a new codebook, and for no other reason, scripts/make_golden_captions.py makes a file of its own.
"""

from __future__ import annotations

import functools
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from reference_decoder import Reference

from node.captions.coder import CODEBOOK, SCENES, shipped_codecs

CODECS, BOOKS = shipped_codecs(), files("protocol.captions")
FILES = {2: "golden_captions.json", 3: "golden_captions_3.json"}
DATA = Path(__file__).parents[2] / "data"
GOLDEN: dict[int, Any] = {codec: json.loads((DATA / name).read_text("utf-8")) for codec, name in FILES.items()}
CAPTIONS: dict[int, list[dict[str, str]]] = {codec: told["captions"] for codec, told in GOLDEN.items()}
PLAIN = re.compile("[A-Z]?[a-z ,-]+[.]?")
"""Captions of words that the codebook knows, mostly: they differ in the words alone."""

codecs = pytest.mark.parametrize("codec", FILES)


@functools.cache
def reference(codec: int, pure: bool = False) -> Reference:
    told = Reference(BOOKS.joinpath(CODEBOOK).read_bytes(), pure=pure)
    if codec == 3:
        told.build(BOOKS.joinpath(SCENES).read_bytes())
    return told


def decoded(reference: Reference, entry: dict[str, str]) -> str:
    return reference.decode(bytes.fromhex(entry["hex"]), entry.get("earlier"))


def test_each_codec_with_a_model_has_its_own() -> None:
    assert [*FILES] == [*CODECS.models]


@codecs
def test_they_are_of_the_codebook_that_ships(codec: int) -> None:
    book = CODECS.codebook(codec)
    assert book is not None
    assert GOLDEN[codec]["codebook"] == [book.id, book.hash.hex()]
    assert len(CAPTIONS[codec]) == 200


@codecs
def test_captions_become_their_bytes_and_bytes_their_captions(codec: int) -> None:
    for entry in CAPTIONS[codec]:
        text, earlier = entry["text"], entry.get("earlier")
        assert CODECS.encode(text, codec, earlier).data.hex() == entry["hex"], text
        assert CODECS.decode(codec, bytes.fromhex(entry["hex"]), earlier) == text


@codecs
def test_the_reference_decoder_agrees(codec: int) -> None:
    """On all that are odd, and some of the plain ones: it is slow, and all are read by the codec itself above."""
    plain = [entry for entry in CAPTIONS[codec] if PLAIN.fullmatch(entry["text"]) and "earlier" not in entry]
    odd = [entry for entry in CAPTIONS[codec] if entry not in plain]
    for entry in odd + plain[::10]:
        assert decoded(reference(codec), entry) == entry["text"]


@codecs
@pytest.mark.parametrize("index", [5, 38, -1])
def test_so_does_pure_python(codec: int, index: int) -> None:
    assert decoded(reference(codec, pure=True), CAPTIONS[codec][index]) == CAPTIONS[codec][index]["text"]
