"""A small recurrent network (a GRU: Cho et al. 2014) that predicts the next token, in integers.

Floating point differs in its last bits between machines, and a caption coded with one such bit more would decode to
garbage. Here weights have 8 bits, activations come from tables of the codebook, and whatever a matrix product adds up
stays below 2**24: there float32 holds every integer, so that the fast products of numpy are exact in whatever order
they add.

The likely tokens share one layer of outputs; the rarer ones are two groups behind outputs of their own, looked at
only when needed (adaptive softmax: Grave et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from protocol.captions.ngrams import TOTAL, TOTAL_BITS

__all__ = ["PLAIN", "Group", "Network", "NextToken", "State", "Tables", "Weights"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Floats64 = npt.NDArray[np.float64]

# Bits behind the point of the multipliers that scale a row of a product back.
MULTIPLIER_BITS = 24

# Bits behind the point of a gate's input, where the tables of the activations are read.
GATE_BITS = 8

# A gate's input is cut to this: what is further out changes nothing.
GATE_LIMIT = 8

# Bits of the state, which lies between -1 and 1.
STATE_BITS = 15

# Bits of the state as the products use it: 512 of them times 127 stay below 2**24.
SEEN_BITS = 8

# The largest output of a group's inner layer: 128 of them times 127 stay below 2**23.
HIDDEN_LIMIT = 511

# Steps of a score that double a token's chance.
OCTAVE = 64

# Scores further below the best count as this far: one part in a million.
FALL = 20 * OCTAVE

# Sharpness, in eighths: scores as trained. More makes the likely likelier.
PLAIN = 8

# Bytes of a matrix that are multiplied with all rows of a state before the next block is: as many as a core's own cache
# holds, so that slower memory is read once and not once a row.
BLOCK_BYTES = 1 << 20

# Tokens whose inputs to the gates are kept: the commonest, of 12 kB each.
REMEMBERED_INPUTS = 256

# Groups whose chances are kept: a decoder that searches one asks dozens of times. Up to 400 kB each.
REMEMBERED_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Tables:
    """The network's functions as tables.

    `sigmoid` (16 bits behind the point) and `tanh` (15) are at every gate's input from -`GATE_LIMIT` up, `powers` is
    2**(24 - n / `OCTAVE`) for n below `FALL`.
    """

    sigmoid: Ints
    tanh: Ints
    powers: Ints


class Weights:
    """A matrix of 8-bit weights, and for each row what its products are multiplied with."""

    def __init__(self, matrix: npt.NDArray[np.int8], multipliers: npt.NDArray[np.int32]) -> None:
        """Raise `ValueError` if not each row has its multiplier."""
        if matrix.ndim != 2 or multipliers.shape != matrix.shape[:1]:
            raise ValueError(f"multipliers of shape {multipliers.shape} for weights of {matrix.shape}")
        self.shape: tuple[int, int] = matrix.shape
        self._multipliers = multipliers.astype(np.int64)
        rows = max(1, BLOCK_BYTES // (matrix.shape[1] * np.dtype(np.float32).itemsize))
        floats = matrix.astype(np.float32)
        self._blocks = [
            (slice(begin, begin + rows), floats[begin : begin + rows]) for begin in range(0, len(floats), rows)
        ]

    def times(self, vectors: Floats) -> Ints:
        """Return the products with each of these vectors (a row each), scaled by the multipliers."""
        products = np.empty((len(vectors), self.shape[0]), np.float32)
        for outputs, block in self._blocks:
            for vector, product in zip(vectors, products, strict=True):
                np.dot(block, vector, out=product[outputs])  # for so few vectors quicker than a product of matrices
        scaled = products.astype(np.int64)
        scaled *= self._multipliers
        return scaled


@dataclass(frozen=True, slots=True)
class Group:
    """The outputs of a group of rarer tokens, behind a narrower inner layer."""

    inner: Weights
    outer: Weights

    @property
    def size(self) -> int:
        """How many tokens the group has."""
        return self.outer.shape[0]

    def scores(self, seen: Floats) -> Ints:
        """Return the scores of the group's tokens for each row of a state."""
        hidden = np.clip(self.inner.times(seen) >> MULTIPLIER_BITS, -HIDDEN_LIMIT, HIDDEN_LIMIT)
        return self.outer.times(hidden.astype(np.float32)) >> MULTIPLIER_BITS


@dataclass(frozen=True, slots=True)
class State:
    """The network's memory of the tokens so far, a row for each way to begin.

    `memory` is the state itself, `seen` is it as products use it.
    """

    memory: Ints
    seen: Floats

    @classmethod
    def of(cls, memory: Ints) -> State:
        """Return the state with this memory."""
        half = 1 << STATE_BITS - SEEN_BITS - 1
        return cls(memory, (memory + half >> STATE_BITS - SEEN_BITS).astype(np.float32))

    def rows(self, indices: Sequence[int]) -> State:
        """Return these rows alone."""
        index = list(indices)
        return State(self.memory[index], self.seen[index])


class Network:
    """The network of a codebook. `embeddings` has a row per token, then one for each of its ways to begin.

    It never changes, so that threads may share it. Raises `ValueError` if its layers do not fit together.
    """

    def __init__(
        self,
        embeddings: npt.NDArray[np.int8],
        inputs: Weights,
        recurrent: Weights,
        biases: tuple[Ints, Ints],
        head: Weights,
        groups: Sequence[Group],
        tables: Tables,
    ) -> None:
        self._embeddings = embeddings
        self._inputs = inputs
        self._recurrent = recurrent
        self._input_bias, self._recurrent_bias = biases
        self._head = head
        self._size = recurrent.shape[1]
        self.groups = groups
        self.tables = tables
        self.likely = head.shape[0] - len(groups)
        # Where the likely tokens end, and each group's.
        self.ends = list(accumulate((group.size for group in groups), initial=self.likely))
        self.tokens = self.ends[-1]
        self.embeddings = embeddings.shape[0]
        self._check()
        self._inputs_of = lru_cache(REMEMBERED_INPUTS)(self._input)

    def _check(self) -> None:
        size, width = self._size, self._embeddings.shape[1]
        layers = [(self._inputs, (3 * size, width)), (self._recurrent, (3 * size, size))]
        layers += [(self._head, (self.likely + len(self.groups), size))]
        for group in self.groups:
            inside = group.inner.shape[0]
            layers += [(group.inner, (inside, size)), (group.outer, (group.size, inside))]
        wrong = [shape for weights, shape in layers if weights.shape != shape]
        if wrong or self._input_bias.shape != (3 * size,) or self._recurrent_bias.shape != (3 * size,):
            raise ValueError(f"layers that do not fit to a state of {size}")
        gates = 2 * GATE_LIMIT << GATE_BITS
        if (len(self.tables.sigmoid), len(self.tables.tanh), len(self.tables.powers)) != (gates, gates, FALL):
            raise ValueError("tables that are too short or too long")

    def begin(self, ways: Sequence[int]) -> State:
        """Return the state before the first token, a row for each of these ways to begin (rows of the embeddings)."""
        nothing = State.of(np.zeros((len(ways), self._size), np.int64))
        inputs = np.empty((len(ways), 3 * self._size), np.int64)
        for row, way in zip(inputs, ways, strict=True):
            row[:] = self._input(way)
        return self._step(nothing, inputs)

    def step(self, state: State, symbol: int) -> State:
        """Return the state after one more token."""
        return self._step(state, self._inputs_of(symbol))

    def scores(self, state: State) -> Ints:
        """Return each row's scores of the likely tokens and the groups."""
        return self._head.times(state.seen) >> MULTIPLIER_BITS

    def _input(self, row: int) -> Ints:
        """Return the gates' input from a row of the embeddings, counted from where their tables begin."""
        middle = GATE_LIMIT << GATE_BITS + MULTIPLIER_BITS
        return self._inputs.times(self._embeddings[row : row + 1].astype(np.float32)) + (self._input_bias + middle)

    def _step(self, state: State, inputs: Ints) -> State:
        size = self._size
        gates = self._recurrent.times(state.seen)
        gates += self._recurrent_bias
        opened = _read(self.tables.sigmoid, inputs[:, : 2 * size] + gates[:, : 2 * size])
        reset, keep = opened[:, :size], opened[:, size:]
        # Cut to 8 bits less first: the product of a gate of 40 bits and one of 16 would fit, but not by much.
        recalled = reset * (gates[:, 2 * size :] >> 8) >> 8
        fresh = _read(self.tables.tanh, inputs[:, 2 * size :] + recalled)
        return State.of(fresh + (keep * (state.memory - fresh) >> 16))


class NextToken:
    """The chances of all tokens in several views of one state: each a row of it and a sharpness.

    A group's are worked out when one of its tokens is asked.
    """

    def __init__(self, network: Network, state: State, views: Sequence[tuple[int, int]]) -> None:
        self._network = network
        self._seen = state.seen
        self._views = views
        self._sums = self._added(network.scores(state))
        self._totals: list[int] = self._sums[:, -1].tolist()

    def below(self, symbol: int) -> list[int]:
        """Return where the token's interval begins, 0 to `TOTAL`, in each view."""
        likely = self._network.likely
        if symbol <= likely:
            return self._head(symbol)
        symbol -= likely
        for index, group in enumerate(self._network.groups):
            if symbol <= group.size:
                sums = _group(self, index)
                inside = zip(sums[:, symbol].tolist(), sums[:, -1].tolist(), strict=True)
                ends = zip(self._head(likely + index), self._head(likely + index + 1), strict=True)
                return [
                    begin + (end - begin) * part // whole
                    for (begin, end), (part, whole) in zip(ends, inside, strict=True)
                ]
            symbol -= group.size
        return [TOTAL] * len(self._views)

    def line(self, weights: Sequence[int]) -> Floats64:
        """Return about where the outputs begin, the likely tokens and the groups, mixed with these weights.

        Floating point is good enough for a decoder's guess.
        """
        line: Floats64 = np.array(weights, np.float64) * TOTAL / self._totals @ self._sums
        return line

    def line_in(self, group: int, weights: Sequence[int]) -> Floats64:
        """Return about where the tokens of a group begin."""
        begins, ends = (np.array(self._head(self._network.likely + group + at)) for at in (0, 1))
        scaled, sums = np.array(weights, np.float64), _group(self, group)
        line: Floats64 = scaled @ begins + scaled * (ends - begins) / sums[:, -1] @ sums
        return line

    def _head(self, output: int) -> list[int]:
        parts = self._sums[:, output].tolist()
        return [(part << TOTAL_BITS) // total for part, total in zip(parts, self._totals, strict=True)]

    def _added(self, scores: Ints) -> Ints:
        """Return the weights of these scores in each view, added up: one more than there are scores, the first 0."""
        falls = scores.max(axis=1, keepdims=True) - scores
        sums = np.zeros((len(self._views), scores.shape[1] + 1), np.int64)
        for (row, sharpness), added in zip(self._views, sums, strict=True):
            fall = falls[row] if sharpness == PLAIN else falls[row] * sharpness // PLAIN
            np.cumsum(self._network.tables.powers.take(fall, mode="clip"), out=added[1:])
        return sums

    def group(self, index: int) -> Ints:
        """Return the weights of a group's tokens, added up."""
        return self._added(self._network.groups[index].scores(self._seen))


@lru_cache(REMEMBERED_GROUPS)
def _group(next_token: NextToken, index: int) -> Ints:
    return next_token.group(index)


def _read(table: Ints, gates: Ints) -> Ints:
    """Return a table's values at these inputs, counted from where it begins: beyond its ends those at the ends."""
    gates >>= MULTIPLIER_BITS
    return table.take(gates, mode="clip")
