"""A language model of counts: the chance of a symbol after the last few, in integers.

Kneser-Ney smoothing (Chen and Goodman 1999) leaves, for every context that was seen, weights for the symbols seen
after it and a rest for all others, which is shared out as the next shorter context says. Contexts are the paths of a
trie: an entry of one level (symbol b after a) is the context "a b" of the next.

Chances are intervals of a line of `TOTAL` units on which the symbols lie in order, so that both ends of a coder only
need `below`: where a symbol's interval begins.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["LEVELS", "STEPS_AN_OCTAVE", "TOTAL", "TOTAL_BITS", "WEIGHT_BITS"]
__all__ += ["Entries", "Level", "NGrams", "weight_of"]

TOTAL_BITS = 32
TOTAL = 1 << TOTAL_BITS
# A context's weights and its rest make up 2**16.
WEIGHT_BITS = 16

# Weights are powers of two in these steps: 15 % apart, which costs 0.003 bits a word.
STEPS_AN_OCTAVE = 5

# Steps down from the whole: one part in 65,000.
LEVELS = 80


def _power(step: int) -> int:
    # 2**(-step/5) in 16 bits, by an integer fifth root: no machine rounds it otherwise.
    wanted = 1 << STEPS_AN_OCTAVE * WEIGHT_BITS >> step
    low, high = 0, (1 << WEIGHT_BITS) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**STEPS_AN_OCTAVE <= wanted else (low, middle)
    return low


_WEIGHTS = [*map(_power, range(LEVELS)), 0]


def weight_of(step: int) -> int:
    """Return the weight of a step; that of `LEVELS` is 0, for an entry that is only a context."""
    return _WEIGHTS[step]


@dataclass(frozen=True, slots=True)
class Level:
    """The entries of all contexts of one length.

    Those of context c are `first[c]` to `first[c + 1]`, in the order of their symbols. `sums` are the weights before
    each entry, over the whole level.
    """

    symbols: Sequence[int]
    sums: Sequence[int]
    first: Sequence[int]

    @classmethod
    def of(cls, symbols: Sequence[int], steps: Iterable[int], counts: Iterable[int]) -> Level:
        """Return the level of entries with these weights, `counts` of them in each context."""
        sums = accumulate(map(_WEIGHTS.__getitem__, steps), initial=0)
        return cls(symbols, list(sums), list(accumulate(counts, initial=0)))


# Where the last symbol, the last two and so on are found as contexts: an entry each, `_NEVER` if never seen.
Entries = tuple[int, ...]

_NEVER = -1


class NGrams:
    """The model of one kind of text. `below_alone` is where each symbol begins when nothing is known, and `TOTAL`."""

    def __init__(self, below_alone: Sequence[int], levels: Sequence[Level]) -> None:
        self.below_alone = below_alone
        self._levels = levels
        # The entries before the first symbol.
        self.begun = self.follow((), self.start)

    @property
    def start(self) -> int:
        """The symbol before the first: as a context only."""
        return len(self.below_alone) - 1

    def follow(self, entries: Entries, symbol: int) -> Entries:
        """Return the entries after one more symbol: each context is that of before, and the symbol."""
        longer = zip(self._levels[:-1], entries, strict=False)
        return symbol, *(self._entry(level, entry, symbol) for level, entry in longer)

    @staticmethod
    def _entry(level: Level, context: int, symbol: int) -> int:
        if context == _NEVER:
            return _NEVER
        begin, end = level.first[context], level.first[context + 1]
        at = bisect_left(level.symbols, symbol, begin, end)
        return at if at < end and level.symbols[at] == symbol else _NEVER

    def after(self, entries: Entries) -> Callable[[int], int]:
        """Return the model of a symbol in these contexts: where its interval begins, 0 to `TOTAL`."""
        alone, known = self.below_alone, list(self._known(entries))

        def below(symbol: int) -> int:
            at = alone[symbol]
            for symbols, sums, begin, end, rest in known:
                seen = sums[bisect_left(symbols, symbol, begin, end)] - sums[begin]
                at = (seen << TOTAL_BITS - WEIGHT_BITS) + (rest * at >> WEIGHT_BITS)
            return at

        return below

    def _known(self, entries: Entries) -> Iterator[tuple[Sequence[int], Sequence[int], int, int, int]]:
        """Yield the contexts that something was seen after, the shortest first, until the first that has nothing.

        Each is its level's symbols and sums, where its own begin and end there, and the rest that it leaves to others.
        """
        for level, entry in zip(self._levels, entries, strict=False):
            if entry == _NEVER:
                return
            begin, end = level.first[entry], level.first[entry + 1]
            if begin == end:
                return
            yield level.symbols, level.sums, begin, end, (1 << WEIGHT_BITS) - (level.sums[end] - level.sums[begin])
