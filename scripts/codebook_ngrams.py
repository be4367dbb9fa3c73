"""Counting for the codebook: interpolated, modified Kneser-Ney n-grams (Chen and Goodman 1999), pruned, quantised."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocol.captions.ngrams import LEVELS, STEPS_AN_OCTAVE, TOTAL, Level, NGrams, weight_of

Gram = tuple[int, ...]
CONTEXT_ONLY = LEVELS


@dataclass(frozen=True)
class Tables:
    """What a codebook stores of one model: for each level the symbols, steps and entries per context."""

    alone: list[int]  # steps
    levels: list[tuple[list[int], list[int], list[int]]]

    def model(self) -> NGrams:
        return NGrams(below_alone(self.alone), [Level.of(*level) for level in self.levels])


def below_alone(steps: Sequence[int]) -> list[int]:
    """Where symbols begin that have these steps of 1/8 octave, scaled to make up the whole."""
    weights = [max(1, int(2 ** (40 - step / 8))) for step in steps]
    total, at, below = sum(weights), 0, [0]
    for weight in weights:
        at += weight
        below.append(at * TOTAL // total)
    return below


def train(lines: Iterable[Sequence[int]], symbols: int, order: int, least: Sequence[int]) -> Tables:
    """Count lines of symbols below `symbols` (each line ends with its end symbol).

    `least[n - 2]` is how often an n-gram must have been counted to be kept.
    """
    counts = _count(lines, symbols, order)
    probabilities = [_smooth(counts[n], least[n - 2] if n > 1 else 0) for n in range(1, order + 1)]
    kept, floor = probabilities[0]
    rest = floor.get((), 0.0) / symbols
    alone = [round(-8 * math.log2(kept.get((symbol,), 0.0) + rest)) for symbol in range(symbols)]
    return Tables(alone, trie([kept for kept, _ in probabilities[1:]], symbols))


def _count(lines: Iterable[Sequence[int]], start: int, order: int) -> dict[int, Counter[Gram]]:
    counts: dict[int, Counter[Gram]] = {n: Counter() for n in range(1, order + 1)}
    top = counts[order]
    for line in lines:
        padded = (start, *line)
        for end in range(2, len(padded) + 1):
            gram = padded[max(0, end - order) : end]
            (top if len(gram) == order else counts[len(gram)])[gram] += 1
    for n in range(order - 1, 0, -1):  # lower orders count distinct words before; the start has none before it
        for gram in counts[n + 1]:
            counts[n][gram[1:]] += 1
    return counts


def _smooth(counts: Counter[Gram], least: int) -> tuple[dict[Gram, float], dict[Gram, float]]:
    """The discounted probability of each n-gram that is kept, and what is left over in each context."""
    of_counts = Counter(min(count, 4) for count in counts.values())
    n1, n2, n3, n4 = (max(1, of_counts[k]) for k in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    discounts = [0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    discounts = [min(max(value, 0.05), k - 0.02) if k else 0.0 for k, value in enumerate(discounts)]
    totals: dict[Gram, int] = defaultdict(int)
    for gram, count in counts.items():
        totals[gram[:-1]] += count
    kept: dict[Gram, float] = {}
    rest: dict[Gram, float] = defaultdict(float)
    for gram, count in counts.items():
        context = gram[:-1]
        if count < least:
            rest[context] += count / totals[context]
            continue
        discount = discounts[min(count, 3)]
        kept[gram] = (count - discount) / totals[context]
        rest[context] += discount / totals[context]
    return kept, rest


def trie(kept: list[dict[Gram, float]], symbols: int) -> list[tuple[list[int], list[int], list[int]]]:
    needed: set[Gram] = set()
    grams: list[list[Gram]] = []
    for probabilities in reversed(kept):
        here = set(probabilities) | needed
        grams.insert(0, sorted(here))
        needed = {gram[:-1] for gram in here}
    levels = []
    contexts: dict[Gram, int] = {(symbol,): symbol for symbol in range(symbols + 1)}
    for entries, probabilities in zip(grams, kept, strict=True):
        counts = [0] * len(contexts)
        for gram in entries:
            counts[contexts[gram[:-1]]] += 1
        steps = [step_of(probabilities.get(gram, 0.0)) for gram in entries]
        levels.append(([gram[-1] for gram in entries], steps, counts))
        contexts = {gram: index for index, gram in enumerate(entries)}
    return levels


def step_of(probability: float) -> int:
    """The step whose weight is the nearest from below."""
    if probability <= weight_of(CONTEXT_ONLY - 1) / 65536:
        return CONTEXT_ONLY
    step = max(0, math.floor(-math.log2(probability) * STEPS_AN_OCTAVE))
    while weight_of(step) / 65536 > probability:
        step += 1
    return step
