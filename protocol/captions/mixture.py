"""The language model of the captions: several sources mixed, those that were right so far trusted more.

A source is a kind of caption: what people write under photos, web alternative texts, what the embedded captioner says.
It mixes the recurrent network, begun in its own way, with n-grams, by fixed shares. How much each source is trusted
starts at its prior and follows Bayes' rule token by token: a caption pays for its kind once, with its first words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

import numpy as np

from protocol.captions.gru import Network, Outlook, State
from protocol.captions.ngrams import TOTAL, Entries, NGrams
from protocol.captions.tokens import Style

__all__ = ["SHARE_BITS", "TRUST_BITS", "Mixture", "Source", "forget"]

SHARE_BITS = 12
"""The shares of a source's parts make up 2**12."""

TRUST_BITS = 24
"""The sources' trust makes up 2**24."""

MAX_SHARPNESS = 255
"""Thirty times as sharp as trained: beyond it the products of scores would grow for nothing."""

LEAST_TRUST = 1 << TRUST_BITS - 10
"""A source trusted less is not asked any more: it takes time and gives nothing."""


REMEMBERED = 128
"""Points of captions that are kept, of some 50 kB each. Every caption begins at one of them, those of one scene begin
alike, and what was sent or read once is gone through again for nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of caption.

    `prior` is its trust at first. `way` is the network's way to begin and `sharpness` how it is heard, `share` its
    part of the whole; `counted` are indices of n-gram models with their shares. `styles` tells where each style's
    interval begins, and `TOTAL`.
    """

    prior: int
    way: int
    sharpness: int
    share: int
    counted: tuple[tuple[int, int], ...]
    styles: tuple[int, ...]

    def is_whole(self, models: int) -> bool:
        """Whether its parts are of these n-gram models and make up a whole, and so do its styles."""
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
        """How it sees the network: begun in which way, with which sharpness."""
        return self.way, self.sharpness


Trusts = Sequence[tuple[Source, int]]
"""The sources that are still asked, and how far each is trusted."""


class Mixture:
    """The model at one point of one caption. `below` is for a coder; `after_style` and `after` give the next point.

    A point never changes, so that threads may share it; the last `REMEMBERED` are kept. Its `ways` are those that the
    network is asked in, each of which takes its time.
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
        self._trusts, self.ways, self._state, self._entries = trusts, ways, state, entries
        self._look()

    @classmethod
    def begin(cls, network: Network, counted: Sequence[NGrams], sources: Sequence[Source]) -> Mixture:
        """The beginning of every caption, where its style comes."""
        ways = sorted({source.way for source in sources})
        trusts = [(source, source.prior) for source in sources]
        return cls(network, counted, trusts, ways, network.begin(ways), [model.begun for model in counted])

    def style_below(self, style: int) -> int:
        """Where a style's interval begins."""
        return sum(trust * source.styles[style] for source, trust in self._trusts) >> TRUST_BITS

    def after_style(self, style: int) -> Mixture:
        """The point after this style, which is evidence of the caption's source."""
        return _after_style(self, style)

    def below(self, token: int) -> int:
        """Where a token's interval begins, 0 to `TOTAL`."""
        viewed: int = sum(map(mul, self._views.values(), self._outlook.below(token)))
        return viewed + self._counted_below(token) >> TRUST_BITS + SHARE_BITS

    def near(self, place: int) -> int:
        """A token that begins at about this place of the line."""
        wanted, first, ends = float(place << TRUST_BITS + SHARE_BITS), 0, self._network.ends
        weights = list(self._views.values())
        line = self._outlook.line(weights)
        part = bisect_right(
            range(len(ends) - 1), wanted, key=lambda part: line[ends[0] + part] + self._counted_below(ends[part])
        )
        if part:
            first, line = ends[part - 1], self._outlook.line_in(part - 1, weights)
        # What the n-grams add lies between what they add at both ends: so much narrower is the search.
        tokens = range(first, ends[part])
        added = [self._counted_below(ends[part]), self._counted_below(first)]
        low, high = np.searchsorted(line[: len(tokens)], wanted - np.array(added, float), "right").tolist()
        at = bisect_right(tokens, wanted, low, high, key=lambda token: line[token - first] + self._counted_below(token))
        return tokens[max(0, at - 1)]

    def after(self, token: int) -> Mixture:
        """The point after this token."""
        return _after(self, token)

    def _look(self) -> None:
        """Prepare the parts, the network as each source hears it and n-grams, with their weights over all sources."""
        viewed: dict[tuple[int, int], int] = {}
        counted: dict[int, int] = {}
        for source, trust in self._trusts:
            viewed[source.view] = viewed.get(source.view, 0) + trust * source.share
            for index, share in source.counted:
                counted[index] = counted.get(index, 0) + trust * share
        self._views = viewed
        rows = [(self.ways.index(way), sharpness) for way, sharpness in viewed]
        self._outlook = Outlook(self._network, self._state, rows)
        self._known = {index: self._counted[index].after(self._entries[index]) for index in counted}
        self._shares = [(weight, self._known[index]) for index, weight in counted.items()]

    def _counted_below(self, token: int) -> int:
        return sum(weight * below(token) for weight, below in self._shares)

    def _sizes(self, token: int) -> list[int]:
        """The token's interval as each source has it."""
        begins, ends = self._outlook.below(token), self._outlook.below(token + 1)
        viewed = {key: end - begin for key, begin, end in zip(self._views, begins, ends, strict=True)}
        known = {index: below(token + 1) - below(token) for index, below in self._known.items()}
        return [
            source.share * viewed[source.view] + sum(share * known[index] for index, share in source.counted)
            >> SHARE_BITS
            for source, _ in self._trusts
        ]

    def _believing(self, sizes: Sequence[int]) -> tuple[Trusts, Sequence[int], State]:
        """How far to trust which sources after what had these intervals, and the ways that one is still asked in."""
        trusts = _believed(self._trusts, sizes)
        asked = {source.way for source, _ in trusts}
        if len(asked) == len(self.ways):
            return trusts, self.ways, self._state
        rows = [row for row, way in enumerate(self.ways) if way in asked]
        return trusts, [self.ways[row] for row in rows], self._state.rows(rows)

    def _after_style(self, style: int) -> Mixture:
        sizes = [source.styles[style + 1] - source.styles[style] for source, _ in self._trusts]
        return Mixture(self._network, self._counted, *self._believing(sizes), self._entries)

    def _after(self, token: int) -> Mixture:
        trusts, ways, state = self._believing(self._sizes(token))
        entries = [model.follow(entry, token) for model, entry in zip(self._counted, self._entries, strict=True)]
        return Mixture(self._network, self._counted, trusts, ways, self._network.step(state, token), entries)


# Of the last points, and not of each point, the ones that follow: a point that nobody comes back to is forgotten.
_after_style = lru_cache(REMEMBERED)(Mixture._after_style)
_after = lru_cache(REMEMBERED)(Mixture._after)


def forget() -> None:
    """Keep no point of any caption: whoever measures what a caption costs that is like none before."""
    _after_style.cache_clear()
    _after.cache_clear()


def _believed(trusts: Trusts, sizes: Sequence[int]) -> Trusts:
    """Bayes' rule: what each source would have paid for what came tells how far to trust it now."""
    evidence = [trust * max(1, size) for (_, trust), size in zip(trusts, sizes, strict=True)]
    whole = sum(evidence)
    trusted = [(part << TRUST_BITS) // whole for part in evidence]
    kept = [(source, trust) for (source, _), trust in zip(trusts, trusted, strict=True) if trust >= LEAST_TRUST]
    # What rounding and the dropped ones leave goes to the most trusted.
    best = max(range(len(kept)), key=lambda index: kept[index][1])
    source, trust = kept[best]
    kept[best] = source, trust + (1 << TRUST_BITS) - sum(trust for _, trust in kept)
    return kept
