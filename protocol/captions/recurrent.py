"""A small recurrent network (a GRU: Cho et al. 2014) that says which token comes next, in integers.

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

import numpy as np
import numpy.typing as npt

from protocol.captions.ngrams import TOTAL, TOTAL_BITS

__all__ = ["PLAIN", "Group", "Network", "Outlook", "State", "Tables", "Weights"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

MULTIPLIER_BITS = 24
"""What scales a row of a product back has so many bits behind the point."""

GATE_BITS = 8
"""Of a gate's input behind the point: where the tables of the activations are read."""

GATE_LIMIT = 8
"""A gate's input is cut to this: what is further out changes nothing."""

STATE_BITS = 15
"""Of the state, which lies between -1 and 1."""

SEEN_BITS = 8
"""Of the state as the products see it: 512 of them times 127 stay below 2**24."""

HIDDEN_LIMIT = 511
"""Of what a group's inner layer passes on: 128 of them times 127 stay below 2**23."""

OCTAVE = 64
"""Steps of a score that double a token's chance."""

FALL = 20 * OCTAVE
"""Scores further below the best count as this far: one part in a million."""

PLAIN = 8
"""Sharpness, in eighths: scores as trained. More makes the likely likelier."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The network's functions: sigmoid (16 bits behind the point) and tanh (15), at every gate's input from
    -`GATE_LIMIT` up; and 2**(24 - n / `OCTAVE`) for n below `FALL`."""

    sigmoid: Ints
    tanh: Ints
    powers: Ints


@dataclass(frozen=True, slots=True)
class Weights:
    """A matrix of 8-bit weights, and for each row what its products are multiplied with."""

    matrix: Floats
    multipliers: Ints

    @classmethod
    def of(cls, matrix: npt.NDArray[np.int8], multipliers: npt.NDArray[np.int32]) -> Weights:
        """The weights as the network uses them. Raises `ValueError` if not each row has its multiplier."""
        if matrix.ndim != 2 or multipliers.shape != matrix.shape[:1]:
            raise ValueError(f"multipliers of shape {multipliers.shape} for weights of {matrix.shape}")
        return cls(matrix.astype(np.float32), multipliers.astype(np.int64))

    def scaled(self, product: Floats) -> Ints:
        return product.astype(np.int64) * self.multipliers


@dataclass(frozen=True, slots=True)
class Group:
    """The outputs of a group of rarer tokens, behind a narrower inner layer."""

    inner: Weights
    outer: Weights

    @property
    def size(self) -> int:
        return len(self.outer.multipliers)

    def scores(self, seen: Floats) -> Ints:
        hidden = np.clip(self.inner.scaled(self.inner.matrix @ seen) >> MULTIPLIER_BITS, -HIDDEN_LIMIT, HIDDEN_LIMIT)
        return self.outer.scaled(self.outer.matrix @ hidden.astype(np.float32)) >> MULTIPLIER_BITS


@dataclass(frozen=True, slots=True)
class State:
    """What the network remembers of the tokens so far, for each way it began: a row each.

    `memory` is the state itself, `seen` as products see it, `gates` and `scores` what they make of it.
    """

    memory: Ints
    seen: Floats
    gates: Ints
    scores: Ints

    def rows(self, kept: Sequence[int]) -> State:
        """These rows alone."""
        index = list(kept)
        return State(self.memory[index], self.seen[index], self.gates[index], self.scores[index])


class Network:
    """The network of a codebook. `embeddings` has a row per token, then one for each of its ways to begin.

    Raises `ValueError` if its layers do not fit together.
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
        self._both = np.concatenate([recurrent.matrix, head.matrix])
        self._size = recurrent.matrix.shape[1]
        self.groups = groups
        self.tables = tables
        self.likely = head.matrix.shape[0] - len(groups)
        self.tokens = self.likely + sum(group.size for group in groups)
        self.embeddings = embeddings.shape[0]
        self._check()

    def _check(self) -> None:
        size, width = self._size, self._embeddings.shape[1]
        layers = [(self._inputs, (3 * size, width)), (self._recurrent, (3 * size, size))]
        layers += [(self._head, (self.likely + len(self.groups), size))]
        for group in self.groups:
            inside = group.inner.matrix.shape[0]
            layers += [(group.inner, (inside, size)), (group.outer, (group.size, inside))]
        wrong = [shape for weights, shape in layers if weights.matrix.shape != shape]
        if wrong or self._input_bias.shape != (3 * size,) or self._recurrent_bias.shape != (3 * size,):
            raise ValueError(f"layers that do not fit to a state of {size}")

    def begin(self, ways: Sequence[int]) -> State:
        """The state before the first token, a row for each of these ways to begin (rows of the embeddings)."""
        nothing = self._state(np.zeros((len(ways), self._size), np.int64))
        return self._step(nothing, self._embeddings[list(ways)])

    def step(self, state: State, symbol: int) -> State:
        """The state after one more token."""
        return self._step(state, self._embeddings[symbol : symbol + 1])

    def _step(self, state: State, embeddings: npt.NDArray[np.int8]) -> State:
        size, gates = self._size, state.gates
        inputs = self._inputs.scaled(embeddings.astype(np.float32) @ self._inputs.matrix.T) + self._input_bias
        opened = self.tables.sigmoid[_place(inputs[:, : 2 * size] + gates[:, : 2 * size])]
        reset, keep = opened[:, :size], opened[:, size:]
        # Cut to 8 bits less first: the product of a gate of 40 bits and one of 16 would fit, but not by much.
        recalled = reset * (gates[:, 2 * size :] >> 8) >> 8
        fresh = self.tables.tanh[_place(inputs[:, 2 * size :] + recalled)]
        return self._state(((1 << 16) - keep) * fresh + keep * state.memory >> 16)

    def _state(self, memory: Ints) -> State:
        half = 1 << STATE_BITS - SEEN_BITS - 1
        seen = (memory + half >> STATE_BITS - SEEN_BITS).astype(np.float32)
        product = np.stack([self._both @ row for row in seen])  # for so few rows quicker than one product of matrices
        gates = self._recurrent.scaled(product[:, : 3 * self._size]) + self._recurrent_bias
        scores = self._head.scaled(product[:, 3 * self._size :]) >> MULTIPLIER_BITS
        return State(memory, seen, gates, scores)


class Outlook:
    """The chances of all tokens in one row of a state: a group's are worked out when one of its tokens is asked."""

    def __init__(self, network: Network, state: State, row: int, sharpness: int) -> None:
        self._network = network
        self._seen = state.seen[row]
        self._sharpness = sharpness
        self._sums: list[int] = _sums(state.scores[row], sharpness, network.tables.powers).tolist()
        self._total = self._sums[-1]
        self._groups: dict[int, Ints] = {}

    def below(self, symbol: int) -> int:
        """Where the token's interval begins, 0 to `TOTAL`."""
        likely = self._network.likely
        if symbol <= likely:
            return self._head(symbol)
        symbol -= likely
        for index, group in enumerate(self._network.groups):
            if symbol <= group.size:
                sums = self._group(index)
                begin, end = self._head(likely + index), self._head(likely + index + 1)
                return begin + (end - begin) * int(sums[symbol]) // int(sums[-1])
            symbol -= group.size
        return TOTAL

    def _head(self, output: int) -> int:
        begin: int = (self._sums[output] << TOTAL_BITS) // self._total
        return begin

    def _group(self, index: int) -> Ints:
        if index not in self._groups:
            scores = self._network.groups[index].scores(self._seen)
            self._groups[index] = _sums(scores, self._sharpness, self._network.tables.powers)
        return self._groups[index]


def _sums(scores: Ints, sharpness: int, powers: Ints) -> Ints:
    """The scores' weights added up: one more than there are scores, the first 0."""
    fall = (scores.max() - scores) * sharpness // PLAIN
    sums = np.zeros(len(scores) + 1, np.int64)
    np.cumsum(powers[np.minimum(fall, FALL - 1)], out=sums[1:])
    return sums


def _place(gates: Ints) -> Ints:
    """Where a gate's input is found in the tables."""
    limit = GATE_LIMIT << GATE_BITS
    place: Ints = np.clip(gates >> MULTIPLIER_BITS, -limit, limit - 1) + limit
    return place
