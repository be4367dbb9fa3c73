"""The language model of the captions: several sources mixed, those that were right so far trusted more.

A source is a kind of caption: those people write under photos, web alternative texts, those of the embedded captioner.
It mixes the recurrent network, begun in its own way, with n-grams, by fixed shares; one without a share of the network
is n-grams alone, and where only such ones are left the network is not run. How much each source is trusted
starts at its prior and follows Bayes' rule token by token: a caption pays for its kind once, with its first words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

import numpy as np

from protocol.captions.gru import Network, NextToken, State
from protocol.captions.ngrams import TOTAL, Entries, NGrams
from protocol.captions.tokens import Style

__all__ = ["SHARE_BITS", "TRUST_BITS", "Mixture", "Source", "forget"]

# The shares of a source's parts make up 2**12.
SHARE_BITS = 12

# The sources' trust makes up 2**24.
TRUST_BITS = 24

# Thirty times as sharp as trained: beyond it the products of scores would grow for nothing.
MAX_SHARPNESS = 255

# A source trusted less is not asked any more: it takes time and gives nothing.
LEAST_TRUST = 1 << TRUST_BITS - 10


# Points of captions that are kept, of some 50 kB each. Every caption begins at one of them, those of one scene begin
# alike, and what was sent or read once is gone through again for nothing.
REMEMBERED = 128


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of caption.

    `prior` is its trust at first. `way` is the network's way to begin, `sharpness` how the network's scores are scaled
    and `share` its part of the mixture; `counted` are indices of n-gram models with their shares. `styles` are where
    each style's interval begins, and `TOTAL`.
    """

    prior: int
    way: int
    sharpness: int
    share: int
    counted: tuple[tuple[int, int], ...]
    styles: tuple[int, ...]

    def is_complete(self, models: int) -> bool:
        """Tell whether its shares refer to these n-gram models and are complete, and so are its styles."""
        shares = [self.share, *(share for _, share in self.counted)]
        return (
            sum(shares) == 1 << SHARE_BITS
            and min(shares) >= 0
            and 0 < self.sharpness <= MAX_SHARPNESS
            and all(0 <= index < models for index, _ in self.counted)
            and (len(self.styles), *self.styles[:1], *self.styles[-1:]) == (len(Style) + 1, 0, TOTAL)
        )

    @property
    def view(self) -> tuple[int, int]:
        """Its view of the network: the way to begin, and the sharpness."""
        return self.way, self.sharpness


# The sources that are still asked, and how far each is trusted.
Trusts = Sequence[tuple[Source, int]]


class Mixture:
    """The model at one point of one caption. `below` is for a coder; `after_style` and `after` return the next point.

    A point never changes, so that threads may share it; the last `REMEMBERED` are kept. `trusts` are
    the sources that are still asked; `ways` are those in which the network is still run, each of which takes its time.
    """

    def __init__(
        self,
        network: Network,
        counted: Sequence[NGrams],
        trusts: Trusts,
        ways: Sequence[int],
        state: State,
        entries: Sequence[Entries],
    ) -> None:
        """`ways` are those that the rows of `state` began in, `entries` where the n-gram models are."""
        self._network, self._counted = network, counted
        self.trusts, self.ways, self._state, self._entries = trusts, ways, state, entries
        self._prepare()

    @classmethod
    def begin(cls, network: Network, counted: Sequence[NGrams], sources: Sequence[Source]) -> Mixture:
        """Return the beginning of every caption, where its style comes."""
        ways = sorted({source.way for source in sources if source.share})
        trusts = [(source, source.prior) for source in sources]
        return cls(network, counted, trusts, ways, network.begin(ways), [model.begun for model in counted])

    def style_below(self, style: int) -> int:
        """Return where a style's interval begins."""
        return sum(trust * source.styles[style] for source, trust in self.trusts) >> TRUST_BITS

    def after_style(self, style: int) -> Mixture:
        """Return the point after this style, which is evidence of the caption's source."""
        return _after_style(self, style)

    def below(self, token: int) -> int:
        """Return where a token's interval begins, 0 to `TOTAL`."""
        viewed: int = sum(map(mul, self._views.values(), self._next_token.below(token)))
        return viewed + self._counted_below(token) >> TRUST_BITS + SHARE_BITS

    def near(self, position: int) -> int:
        """Return a token that begins at about this position of the line."""
        wanted, first, ends = float(position << TRUST_BITS + SHARE_BITS), 0, self._network.ends
        weights = list(self._views.values())
        line = self._next_token.line(weights)
        part = bisect_right(
            range(len(ends) - 1), wanted, key=lambda part: line[ends[0] + part] + self._counted_below(ends[part])
        )
        if part:
            first, line = ends[part - 1], self._next_token.line_in(part - 1, weights)
        # What the n-grams add lies between what they add at both ends: so much narrower is the search.
        tokens = range(first, ends[part])
        added = [self._counted_below(ends[part]), self._counted_below(first)]
        low, high = np.searchsorted(line[: len(tokens)], wanted - np.array(added, float), "right").tolist()
        at = bisect_right(tokens, wanted, low, high, key=lambda token: line[token - first] + self._counted_below(token))
        return tokens[max(0, at - 1)]

    def after(self, token: int) -> Mixture:
        """Return the point after this token."""
        return _after(self, token)

    def _prepare(self) -> None:
        """Prepare the parts, the network in each view and the n-grams, with their weights over all sources."""
        viewed: dict[tuple[int, int], int] = {}
        counted: dict[int, int] = {}
        for source, trust in self.trusts:
            if source.share:
                viewed[source.view] = viewed.get(source.view, 0) + trust * source.share
            for index, share in source.counted:
                counted[index] = counted.get(index, 0) + trust * share
        self._views = viewed
        rows = [(self.ways.index(way), sharpness) for way, sharpness in viewed]
        self._next_token = NextToken(self._network, self._state, rows)
        self._known = {index: self._counted[index].after(self._entries[index]) for index in counted}
        self._shares = [(weight, self._known[index]) for index, weight in counted.items()]

    def _counted_below(self, token: int) -> int:
        return sum(weight * below(token) for weight, below in self._shares)

    def _sizes(self, token: int) -> list[int]:
        """Return the width of the token's interval for each source."""
        begins, ends = self._next_token.below(token), self._next_token.below(token + 1)
        viewed = {key: end - begin for key, begin, end in zip(self._views, begins, ends, strict=True)}
        known = {index: below(token + 1) - below(token) for index, below in self._known.items()}
        return [
            source.share * viewed.get(source.view, 0) + sum(share * known[index] for index, share in source.counted)
            >> SHARE_BITS
            for source, _ in self.trusts
        ]

    def _updated(self, sizes: Sequence[int]) -> tuple[Trusts, Sequence[int], State]:
        """Return the trust in each source after a symbol with these intervals, and the ways that are still needed."""
        trusts = _bayes(self.trusts, sizes)
        asked = {source.way for source, _ in trusts if source.share}
        if len(asked) == len(self.ways):
            return trusts, self.ways, self._state
        rows = [row for row, way in enumerate(self.ways) if way in asked]
        return trusts, [self.ways[row] for row in rows], self._state.rows(rows)

    def _after_style(self, style: int) -> Mixture:
        sizes = [source.styles[style + 1] - source.styles[style] for source, _ in self.trusts]
        return Mixture(self._network, self._counted, *self._updated(sizes), self._entries)

    def _after(self, token: int) -> Mixture:
        trusts, ways, state = self._updated(self._sizes(token))
        entries = [model.follow(entry, token) for model, entry in zip(self._counted, self._entries, strict=True)]
        return Mixture(self._network, self._counted, trusts, ways, self._network.step(state, token), entries)


# Of the last points, and not of each point, the ones that follow: a point that is not used again is forgotten.
_after_style = lru_cache(REMEMBERED)(Mixture._after_style)
_after = lru_cache(REMEMBERED)(Mixture._after)


def forget() -> None:
    """Forget the points of all captions: for a measurement of a caption that is like none before."""
    _after_style.cache_clear()
    _after.cache_clear()


def _bayes(trusts: Trusts, sizes: Sequence[int]) -> Trusts:
    """Return the new trust by Bayes' rule, from the old and the interval of what came in each source."""
    evidence = [trust * max(1, size) for (_, trust), size in zip(trusts, sizes, strict=True)]
    total = sum(evidence)
    trusted = [(part << TRUST_BITS) // total for part in evidence]
    left = [(source, trust) for (source, _), trust in zip(trusts, trusted, strict=True) if trust >= LEAST_TRUST]
    # What rounding and the dropped ones leave goes to the most trusted.
    best = max(range(len(left)), key=lambda index: left[index][1])
    source, trust = left[best]
    left[best] = source, trust + (1 << TRUST_BITS) - sum(trust for _, trust in left)
    return left
