"""Counting for a small world: n-grams whose contexts are as long as what they foretell needs, and no longer.

Captions of drawn scenes are draws of attributes, most of them independent. After "wearing a" a colour depends on
nothing before, so a long context would only share the counts out; whether a beard comes after "blond hair and" depends
on the subject, six tokens before. A context is kept if it saves more bits over all captions than `LEAST_SAVED`,
compared with the longest kept one that it ends in (a variable-length Markov chain: Rissanen 1983), with all it ends in.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from codebook_ngrams import Gram, Tables, step_of, trie

from protocol.captions.ngrams import WEIGHT_BITS, weight_of

Array = np.ndarray[Any, Any]
Counts = dict[Gram, Counter[int]]

# Bits: a context with a few entries takes some 20 in the file, and fewer are chance.
LEAST_SAVED = 30.0

# A context seen less often is not looked at: chance.
LEAST_SEEN = 10

# Steps of weights are coarse: what a context's leave over goes where it should if the next shorter one says the same.
ALWAYS = 3

# Of each symbol's count in a context, left to the shorter ones: a chance draw that was never seen will be seen.
DISCOUNT = 0.1

WHOLE = 1 << WEIGHT_BITS


def train(lines: Iterable[Sequence[int]], symbols: int, length: int) -> Tables:
    """Count lines of symbols below `symbols` (each line ends with its end symbol), after contexts up to `length`."""
    counts = _count(lines, symbols, length)
    kept = _kept(counts)
    levels: list[dict[Gram, float]] = [{} for _ in range(length)]
    for context in kept:
        levels[len(context) - 1].update(
            {(*context, symbol): part for symbol, part in _weights(counts[context]).items()}
        )
    return Tables(_alone(counts[()], symbols), trie(levels, symbols))


def _count(lines: Iterable[Sequence[int]], start: int, length: int) -> Counts:
    """How often each symbol comes after each context that was seen `LEAST_SEEN` times; the symbols are few."""
    padded = [(start, *line) for line in lines]
    places = np.concatenate([np.arange(len(line)) for line in padded])
    met, symbols = np.unique(np.fromiter(chain.from_iterable(padded), np.int64), return_inverse=True)
    if len(met) ** (length + 1) >= 1 << 63:
        raise ValueError(f"contexts of {length} tokens of {len(met)} kinds are too many to be numbered")
    counts: Counts = defaultdict(Counter)
    for context in range(length + 1):
        ends = np.flatnonzero(places >= max(1, context))
        grams = np.zeros(len(ends), np.int64)
        for back in range(context, -1, -1):
            grams = grams * len(met) + symbols[ends - back]
        _add(counts, grams, met, context)
    return counts


def _add(counts: Counts, grams: Array, met: Array, context: int) -> None:
    """Add the grams, each a number whose digits are places in `met`, the last digit being what comes after."""
    numbers, times = np.unique(grams, return_counts=True)
    _, first, whole = np.unique(numbers // len(met), return_index=True, return_inverse=True)
    often = np.add.reduceat(times, first)[whole] >= LEAST_SEEN
    for number, count in zip(numbers[often].tolist(), times[often].tolist(), strict=True):
        gram = [int(met[number // len(met) ** back % len(met)]) for back in range(context, -1, -1)]
        counts[tuple(gram[:-1])][gram[-1]] = count


def _kept(counts: Counts) -> set[Gram]:
    """The contexts worth keeping, with all that they end in."""
    kept: set[Gram] = set()
    for context in sorted(counts, key=len):
        shorter = context[1:]
        while shorter and shorter not in kept:
            shorter = shorter[1:]
        if context and (len(context) <= ALWAYS or _saved(counts[context], counts[shorter]) > LEAST_SAVED):
            kept |= {context[begin:] for begin in range(len(context))}
    return kept


def _saved(after: Counter[int], after_shorter: Counter[int]) -> float:
    """Bits that all captions save if a symbol is foretold from this context and not from the shorter one."""
    total, whole = after.total(), after_shorter.total()
    return sum(count * math.log2(count * whole / (total * after_shorter[symbol])) for symbol, count in after.items())


def _parts(after: Counter[int]) -> dict[int, float]:
    total = after.total()
    return {symbol: (count - DISCOUNT) / total for symbol, count in after.items()}


def _weights(after: Counter[int]) -> dict[int, float]:
    """The parts as weights that the file has: those nearest from below, then from above while there is room for them.

    What a context leaves over goes to a shorter one, which knows less.
    """
    parts = _parts(after)
    steps = {symbol: step_of(part) for symbol, part in parts.items()}
    room = WHOLE - sum(map(weight_of, steps.values()))
    for symbol in sorted(parts, key=lambda symbol: weight_of(steps[symbol]) / parts[symbol]):
        more = weight_of(max(0, steps[symbol] - 1)) - weight_of(steps[symbol])
        if more <= room:
            steps[symbol], room = max(0, steps[symbol] - 1), room - more
    return {symbol: weight_of(step) / WHOLE for symbol, step in steps.items()}


def _alone(after: Counter[int], symbols: int) -> list[int]:
    """The steps of each symbol with nothing known; one that was never seen is as good as any other such."""
    rest = DISCOUNT * len(after) / after.total() / symbols
    parts = _parts(after)
    return [round(-8 * math.log2(parts.get(symbol, 0.0) + rest)) for symbol in range(symbols)]
