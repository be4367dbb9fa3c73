from __future__ import annotations

import hashlib
import statistics
from importlib.resources import files
from typing import Any

import msgpack
import numpy as np
import pytest
import scene_entropy

from node.captions.coder import CODEBOOK, SCENES, shipped_codecs
from node.vision.scenes import caption, sample
from protocol.captions.gru import HIDDEN_LIMIT, SEEN_BITS

CODECS = shipped_codecs()
FILE, MORE = (files("protocol.captions").joinpath(name).read_bytes() for name in (CODEBOOK, SCENES))
EXACT = 1 << 24  # float32 holds every integer up to it
MAX_BYTES, MAX_BYTES_MORE = 8_000_000, 50_000

# Scenes that nothing was trained on, and what they may take beyond what the world draws them with. Measured: 1.9.
SEED, SCENES_MEASURED, SPARE_BITS = 70_000_000, 100, 2.2


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    told: dict[str, Any] = msgpack.unpackb(FILE[4:])["network"]
    return told


def test_the_codebook_ships_with_the_package() -> None:
    assert len(FILE) <= MAX_BYTES
    assert len(MORE) <= MAX_BYTES_MORE
    for codec, data in ((2, FILE), (3, MORE)):
        assert CODECS.models[codec].identity().hash == hashlib.sha256(data).digest()[:4]


def test_hellos_and_frames_use_them() -> None:
    assert CODECS.codebooks() == (CODECS.models[2].identity(), CODECS.models[3].identity())
    assert CODECS.newest() == CODECS.newest(CODECS.ids, CODECS.codebooks()) == 3
    assert CODECS.newest(CODECS.ids, CODECS.codebooks()[:1]) == 2
    assert CODECS.newest(CODECS.ids, []) == 0
    for codec in CODECS.models:
        coded = CODECS.encode("a cat on a bench", codec)
        assert CODECS.decode(codec, coded.data) == "a cat on a bench"


def test_a_caption_of_the_world_takes_little_more_than_the_world_draws_it_with() -> None:
    scenes = [sample(SEED + number) for number in range(SCENES_MEASURED)]
    bits = statistics.mean(CODECS.encode(caption(scene), 3).ideal_bits for scene in scenes)
    assert bits < statistics.mean(map(scene_entropy.bits_of, scenes)) + SPARE_BITS


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
