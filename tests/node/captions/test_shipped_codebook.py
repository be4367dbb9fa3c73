from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

import msgpack
import numpy as np
import pytest

from node.captions.coder import CODEBOOK, shipped_codecs
from protocol.captions.gru import HIDDEN_LIMIT, SEEN_BITS

CODECS = shipped_codecs()
FILE = files("protocol.captions").joinpath(CODEBOOK).read_bytes()
EXACT = 1 << 24  # float32 holds every integer up to it
MAX_BYTES = 8_000_000


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    told: dict[str, Any] = msgpack.unpackb(FILE[4:])["network"]
    return told


def test_the_codebook_ships_with_the_package() -> None:
    assert len(FILE) <= MAX_BYTES
    assert CODECS.models[2].identity().hash == hashlib.sha256(FILE).digest()[:4]


def test_hellos_and_frames_use_it() -> None:
    assert CODECS.codebooks() == (CODECS.models[2].identity(),)
    assert CODECS.newest() == CODECS.newest(CODECS.ids, CODECS.codebooks()) == 2
    assert CODECS.newest(CODECS.ids, []) == 0
    coded = CODECS.encode("a cat on a bench", 2)
    assert CODECS.decode(2, coded.data) == "a cat on a bench"


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
