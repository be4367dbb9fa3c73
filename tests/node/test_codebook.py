from __future__ import annotations

import hashlib
from typing import Any

import msgpack
import numpy as np
import pytest

from node import codebook
from protocol import captions
from protocol.captions import model_codec
from protocol.captions.gru import HIDDEN_LIMIT, SEEN_BITS

EXACT = 1 << 24  # float32 holds every integer up to it
MAX_BYTES = 8_000_000


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    told: dict[str, Any] = msgpack.unpackb(codebook.read()[4:])["network"]
    return told


def test_the_codebook_ships_with_the_package() -> None:
    assert len(codebook.read()) <= MAX_BYTES
    assert model_codec.identity().hash == hashlib.sha256(codebook.read()).digest()[:4]


def test_hellos_and_frames_use_it() -> None:
    assert captions.codebooks() == (model_codec.identity(),)
    assert captions.newest() == captions.newest(captions.CODECS, captions.codebooks()) == 2
    assert captions.newest(captions.CODECS, []) == 0
    coded = captions.encode("a cat on a bench", 2)
    assert captions.decode(2, coded.data) == "a cat on a bench"


@pytest.mark.parametrize(
    ("layer", "largest"),
    [("inputs", 127), ("recurrent", 1 << SEEN_BITS), ("head", 1 << SEEN_BITS)]
    + [(f"inner{group}", 1 << SEEN_BITS) for group in range(2)]
    + [(f"outer{group}", HIDDEN_LIMIT) for group in range(2)],
)
def test_no_sum_of_products_leaves_what_float32_holds(network: dict[str, Any], layer: str, largest: int) -> None:
    """Whatever is multiplied with a row, and in whatever order it is added."""
    _, shape, packed, data = network[layer]
    weights = np.frombuffer(data, np.int8).reshape(shape).astype(np.int64)
    assert not packed
    assert np.abs(weights).sum(axis=1).max() * largest < EXACT
