"""What a seed means to a generator whose noise is coupled: the five numbers that no caption says, and the nearest seed.

The embedded generator reads skin, place, size and tilt in the means of its noise's first channels (see
`node.vision.scenes.Variation` and `scripts/train_generator.py`). Which noise a seed gives is the generator's business
alone, so the seed that suits a person is found by drawing the noise of many, and painting none. It is drawn as torch
draws it on a CPU, without torch: the low 24 bits of MT19937's words (Matsumoto and Nishimura 1998) are uniform
numbers, and pairs of them, eight apart, are normal ones (Box and Muller 1958).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, fields
from functools import cache

import numpy as np
import numpy.typing as npt

from node.vision.scenes.world import Variation

Floats = npt.NDArray[np.float32]

COUNT = len(fields(Variation))

# Latents along a side of the embedded generator's noise, and in a channel.
GRID = 16
CHANNEL = GRID * GRID

# torch makes sixteen uniform numbers into sixteen normal ones at a time.
HALF_BLOCK = 8
UNIFORM_BITS = 24

# Seeds to choose from: 60 ms of one core, once. Four times as many come half as near, and cost two bytes each.
SEEDS = 1024

# msgpack keeps numbers below these in one byte, and in two.
ONE_BYTE, TWO_BYTES = 128, 256

# Differences of skin, across, down, size and tilt that weigh the same: three levels of CIE Lab, 5 of a picture's 256
# pixels, 5 again, a twentieth of the size, 6 degrees.
NOTICEABLE = (0.04, 0.15, 0.3, 0.25, 0.35)

# What one byte more on the wire has to save, in squares of such differences. On numbers at random 128 seeds come within
# .027 of the skin on average, 1,024 within .012 at 1.5 bytes more a picture; at this price within .022 at .3 bytes.
BYTE = 2.0


def seed_numbers(seeds: Iterable[int]) -> Floats:
    """Return the numbers that these seeds (below 2**32) have in the generator's noise, 0 to 1: (n, COUNT)."""
    # One source for all: to make one costs thirty times what the noise does.
    source = np.random.MT19937()
    seeding = np.random.RandomState(source)

    def words(seed: int) -> npt.NDArray[np.uint32]:
        seeding.seed(seed)
        return source.random_raw(COUNT * CHANNEL).astype(np.uint32)

    scores = _means(np.stack([words(seed) for seed in seeds])) * GRID
    return np.array([[0.5 + 0.5 * math.erf(score / math.sqrt(2)) for score in row] for row in scores], np.float32)


def nearest_seeds(wanted: Variation, count: int = 1) -> list[int]:
    """Return the seeds that suit these numbers best, the cheap ones if they suit nearly as well."""
    away = (_table() - np.array(astuple(wanted), np.float32)) / np.array(NOTICEABLE, np.float32)
    seeds = np.arange(SEEDS)
    costs = (away**2).sum(axis=1) + BYTE * ((seeds >= ONE_BYTE).astype(np.float32) + (seeds >= TWO_BYTES))
    return [int(seed) for seed in np.argsort(costs, kind="stable")[:count]]


def distance(wanted: Variation | None, shown: Variation | None) -> float:
    """Return how far a painting is from these numbers, in noticeable differences.

    A painting whose numbers cannot be read is infinitely far, unless none are wanted.
    """
    if wanted is None:
        return 0.0
    if shown is None:
        return math.inf
    gaps = ((one - other) / unit for one, other, unit in zip(astuple(wanted), astuple(shown), NOTICEABLE, strict=True))
    return math.hypot(*gaps)


@cache
def _table() -> Floats:
    return seed_numbers(range(SEEDS))


def _means(words: npt.NDArray[np.uint32]) -> Floats:
    """Return the mean of each channel of the noise that MT19937's words become, (n, COUNT * CHANNEL) to (n, COUNT).

    A pair of uniform numbers becomes r cos a and r sin a, whose sum is r times the square root of 2 sin(a + pi / 4).
    """
    uniform = (words & ((1 << UNIFORM_BITS) - 1)).astype(np.float32) * np.float32(2.0**-UNIFORM_BITS)
    first, second = np.moveaxis(uniform.reshape(len(words), COUNT, -1, 2, HALF_BLOCK), 3, 0)
    radius = np.sqrt(-2 * np.log(1 - first))
    sums = radius * np.sin(np.float32(2 * math.pi) * second + np.float32(math.pi / 4))
    return np.asarray(sums.sum(axis=(2, 3)) * np.float32(math.sqrt(2) / CHANNEL), np.float32)
