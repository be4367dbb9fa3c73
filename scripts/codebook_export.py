"""From what was trained to the file that ships: weights in 8 bits, tables, one msgpack map."""

from __future__ import annotations

import lzma
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
from codebook_ngrams import Tables, below_alone

from protocol.captions.codebook import MAGIC, pack_array
from protocol.captions.codebook_id import CodebookId
from protocol.captions.gru import (
    FALL,
    GATE_BITS,
    GATE_LIMIT,
    HIDDEN_LIMIT,
    MULTIPLIER_BITS,
    OCTAVE,
    SEEN_BITS,
    STATE_BITS,
)
from protocol.captions.mixture import SHARE_BITS, TRUST_BITS
from protocol.captions.ngrams import TOTAL

if TYPE_CHECKING:
    import torch

EMBEDDING_LIMIT = 127
Array = np.ndarray[Any, Any]


def codebook(
    number: int,
    words: Sequence[str],
    signs: str,
    network: dict[str, Array],
    counted: Sequence[Tables],
    spelling: Tables,
    sources: Sequence[Sequence[Any]],
) -> bytes:
    """The file's bytes: see `protocol.captions.codebook`."""
    parts = {
        "id": number,
        "words": lzma.compress("\n".join(words).encode(), preset=9),
        "signs": signs,
        "tables": [pack_array(table, packed=True) for table in tables()],
        "network": {name: pack_array(array) for name, array in network.items()},
        "counted": [_packed(model) for model in counted],
        "spelling": _packed(spelling),
        "sources": list(sources),
    }
    return MAGIC + bytes(msgpack.packb(parts))


def extension(
    number: int,
    upon: CodebookId,
    words: Sequence[tuple[int, str]],
    counted: Sequence[Tables],
    sources: Sequence[Sequence[Any]],
) -> bytes:
    """The bytes of a file that builds on a codebook's: see `protocol.captions.codebook`."""
    parts = {
        "id": number,
        "upon": [upon.id, upon.hash],
        "words": [list(pair) for pair in words],
        "counted": [_packed(model) for model in counted],
        "sources": list(sources),
    }
    return MAGIC + bytes(msgpack.packb(parts))


def tables() -> tuple[Array, Array, Array]:
    """Sigmoid, tanh and powers, rounded once here: a decoder only looks them up."""
    points = np.arange(-(GATE_LIMIT << GATE_BITS), GATE_LIMIT << GATE_BITS) / (1 << GATE_BITS)
    sigmoid = np.round((1 << 16) / (1 + np.exp(-points)))
    tanh = np.round((1 << STATE_BITS) * np.tanh(points))
    powers = np.round(2.0 ** (24 - np.arange(FALL) / OCTAVE))
    return sigmoid.astype(np.int32), tanh.astype(np.int32), powers.astype(np.int32)


def quantised(state: dict[str, torch.Tensor]) -> dict[str, Array]:
    """The network's arrays from the trained weights: each row in 8 bits, with what its products are multiplied by."""
    weights = {name: tensor.double().numpy() for name, tensor in state.items()}
    embedding_scale = np.abs(weights["emb.weight"]).max() / EMBEDDING_LIMIT
    gates = 1 << GATE_BITS
    arrays: dict[str, Array] = {"embeddings": np.round(weights["emb.weight"] / embedding_scale).astype(np.int8)}
    scores = OCTAVE / math.log(2)
    seen = 1.0 / (1 << SEEN_BITS)
    _add(arrays, "inputs", weights["gru.weight_ih_l0"], embedding_scale * gates)
    _add(arrays, "recurrent", weights["gru.weight_hh_l0"], seen * gates)
    _add(arrays, "head", weights["head.weight"], seen * scores)
    for index in range(2):
        inner = weights[f"inner{index}.weight"]
        # The inner layer's values, at most so far from zero: three deviations of what unit inputs would give.
        reach = 3 * np.linalg.norm(inner, axis=1).max()
        hidden = HIDDEN_LIMIT / reach
        _add(arrays, f"inner{index}", inner, seen * hidden)
        _add(arrays, f"outer{index}", weights[f"outer{index}.weight"], scores / hidden)
    for name, bias in (("input_bias", "gru.bias_ih_l0"), ("recurrent_bias", "gru.bias_hh_l0")):
        arrays[name] = np.round(weights[bias] * gates * 2**MULTIPLIER_BITS).astype(np.int64)
    return arrays


def _add(arrays: dict[str, Array], name: str, matrix: Array, scale: float) -> None:
    steps = np.maximum(np.abs(matrix).max(axis=1), 1e-9) / 127
    arrays[name] = np.round(matrix / steps[:, None]).astype(np.int8)
    arrays[f"{name}_multipliers"] = np.round(steps * scale * 2**MULTIPLIER_BITS).astype(np.int32)


def _packed(model: Tables) -> list[Any]:
    sizes = np.diff(np.array(below_alone(model.alone), np.int64)).astype(np.uint32)
    return [pack_array(sizes, packed=True), [_packed_level(*level) for level in model.levels]]


def _packed_level(symbols: Sequence[int], steps: Sequence[int], counts: Sequence[int]) -> list[Any]:
    differences = np.diff(np.array(symbols, np.int64), prepend=0).astype(np.uint16)
    arrays = differences, np.array(steps, np.uint8), np.array(counts, np.uint16)
    return [pack_array(array, packed=True) for array in arrays]


@dataclass(frozen=True)
class Mixed:
    """A source as it is written down: parts of 1 where the file has integers (see `protocol.captions.mixture`)."""

    prior: float
    way: int
    sharpness: int
    share: float
    counted: dict[int, float]
    styles: tuple[float, ...]


def sources(mixed: Sequence[Mixed], ways: Sequence[int]) -> list[list[Any]]:
    """The sources' entries; `ways` are the rows at which the network's ways to begin are found."""
    priors = whole([source.prior for source in mixed], 1 << TRUST_BITS)
    entries = []
    for source, prior in zip(mixed, priors, strict=True):
        share, *counted = whole([source.share, *source.counted.values()], 1 << SHARE_BITS)
        styles = accumulate(whole(source.styles, TOTAL), initial=0)
        pairs = [list(pair) for pair in zip(source.counted, counted, strict=True)]
        entries.append([prior, ways[source.way], source.sharpness, share, pairs, list(styles)])
    return entries


def whole(parts: Sequence[float], total: int) -> list[int]:
    """Integers in these proportions that add up to `total`."""
    ends = [round(total * end / sum(parts)) for end in accumulate(parts)]
    return [end - begin for begin, end in pairwise([0, *ends])]
