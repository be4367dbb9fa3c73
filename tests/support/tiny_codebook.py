"""A codebook of a few words with a network of a few units, made up from a seed: what needs no language needs no more.

`parts` is what its file says, `extension` what one says that builds on it; a test that wants another has `file` made of
what it changed in a copy.
"""

from __future__ import annotations

import functools
import lzma
import math
from typing import Any

import msgpack
import numpy as np

from protocol.captions.codebook import MAGIC, Codebook, pack_array
from protocol.captions.ngrams import LEVELS, TOTAL

WORDS = (" a", " cat", " dog", " on", " bench", ",", " the", " red", " 2")
SIGNS = " abcdefghijklmnopqrstuvwxyz"
TOKENS = len(WORDS) + 2
LIKELY, GROUPS = 5, (2, 4)  # of the network's outputs
EMBEDDING, SIZE, INNER = 4, 8, 3
WAYS = (TOKENS, TOKENS + 1)


@functools.cache
def parts(seed: int = 0) -> dict[str, Any]:
    """What the file of a codebook says: everything random that may be."""
    random = np.random.default_rng(seed)
    return {
        "id": 9,
        "words": lzma.compress("\n".join(WORDS).encode()),
        "signs": SIGNS,
        "tables": [pack_array(table, packed=True) for table in _tables()],
        "network": _network(random),
        "counted": [_counted(random, TOKENS), _counted(random, TOKENS)],
        "spelling": _counted(random, len(SIGNS) + 3),
        "sources": [
            [3 << 22, WAYS[0], 8, 3072, [[0, 1024]], [0, *(TOTAL * part // 10 for part in (5, 6, 7, 8, 9, 10))]],
            [1 << 22, WAYS[1], 11, 2048, [[0, 1024], [1, 1024]], [TOTAL * part // 6 for part in range(7)]],
        ],
    }


@functools.cache
def extension(seed: int = 1) -> dict[str, Any]:
    """What the file of a codebook says that builds on that of seed 0: its first source is n-grams alone."""
    random = np.random.default_rng(seed)
    upon, styles = model().identity, [0, *(TOTAL * part // 20 for part in (15, 16, 17, 18, 19, 20))]
    return {
        "id": 10,
        "upon": [upon.id, upon.hash],
        "words": [[TOKENS - 1, " sofa"]],
        "counted": [_counted(random, TOKENS)],
        "sources": [[1 << 23, WAYS[0], 8, 0, [[2, 4000], [0, 96]], styles], *_halved(parts()["sources"])],
    }


def _halved(sources: list[list[Any]]) -> list[list[Any]]:
    return [[source[0] >> 1, *source[1:]] for source in sources]


def file(told: dict[str, Any]) -> bytes:
    """The file that says this."""
    return MAGIC + bytes(msgpack.packb(told))


@functools.cache
def model(seed: int = 0) -> Codebook:
    return Codebook.read(file(parts(seed)))


def _tables() -> tuple[Any, Any, Any]:
    gates = np.arange(-2048, 2048) / 256
    return (
        np.round(65536 / (1 + np.exp(-gates))).astype(np.int32),
        np.round(32768 * np.tanh(gates)).astype(np.int32),
        np.round(2.0 ** (24 - np.arange(1280) / 64)).astype(np.int32),
    )


def _network(random: np.random.Generator) -> dict[str, Any]:
    shapes = {
        "inputs": (3 * SIZE, EMBEDDING),
        "recurrent": (3 * SIZE, SIZE),
        "head": (LIKELY + len(GROUPS), SIZE),
        "inner0": (INNER, SIZE),
        "outer0": (GROUPS[0], INNER),
        "inner1": (INNER, SIZE),
        "outer1": (GROUPS[1], INNER),
    }
    arrays: dict[str, Any] = {"embeddings": _weights(random, (TOKENS + len(WAYS), EMBEDDING))}
    for name, shape in shapes.items():
        arrays[name] = _weights(random, shape)
        arrays[f"{name}_multipliers"] = random.integers(1, 200_000, shape[0]).astype(np.int32)
    for name in ("input_bias", "recurrent_bias"):
        arrays[name] = random.integers(-(2**30), 2**30, 3 * SIZE)
    return {name: pack_array(array) for name, array in arrays.items()}


def _weights(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return random.integers(-127, 128, shape).astype(np.int8)


def _counted(random: np.random.Generator, symbols: int) -> list[Any]:
    """Bigrams and trigrams: half of the symbols after each symbol, and so on."""
    sizes = np.full(symbols, TOTAL // symbols, np.uint32)
    sizes[-1] = TOTAL - TOTAL // symbols * (symbols - 1)
    levels, contexts = [], symbols + 1
    for _ in range(2):
        seen = [np.flatnonzero(random.integers(0, 2, symbols)) for _ in range(contexts)]
        counts = np.array([len(entries) for entries in seen], np.uint16)
        told = np.concatenate(seen)
        steps = random.integers(_least_step(symbols), LEVELS + 1, len(told)).astype(np.uint8)
        differences = np.diff(told, prepend=0).astype(np.uint16)
        levels.append([pack_array(array, packed=True) for array in (differences, steps, counts)])
        contexts = len(told)
    return [pack_array(sizes, packed=True), levels]


def _least_step(symbols: int) -> int:
    """The step from which the weights of all symbols make up no more than the whole."""
    return math.ceil(5 * math.log2(symbols))
