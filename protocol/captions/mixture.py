"""The language model of the captions: several sources mixed, those that were right so far trusted more.

A source is a kind of caption: what people write under photos, web alternative texts, what the embedded captioner says.
It mixes the recurrent network, begun in its own way, with n-grams, by fixed shares. How much each source is trusted
starts at its prior and follows Bayes' rule token by token: a caption pays for its kind once, with its first words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.captions.arithmetic import Below
from protocol.captions.ngrams import TOTAL, NGrams
from protocol.captions.recurrent import Network, Outlook, State
from protocol.captions.text import Style

__all__ = ["SHARE_BITS", "TRUST_BITS", "Mixture", "Source"]

SHARE_BITS = 12
"""The shares of a source's parts make up 2**12."""

TRUST_BITS = 24
"""The sources' trust makes up 2**24."""

MAX_SHARPNESS = 255
"""Thirty times as sharp as trained: beyond it the products of scores would grow for nothing."""

LEAST_TRUST = 1 << TRUST_BITS - 10
"""A source trusted less is not asked any more: it takes time and gives nothing."""


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


class Mixture:
    """The model at one point of one caption. `below` is for a coder; `advance` tells it what was coded."""

    def __init__(
        self, network: Network, counted: Sequence[NGrams], sources: Sequence[Source], began: State | None = None
    ) -> None:
        """`began` is the network's state at the beginning, if it is known already: the same for every caption."""
        self._network = network
        self._counted = counted
        self._trust = [(source, source.prior) for source in sources]
        self._history = [counted[0].start]
        self._ways = sorted({source.way for source in sources})
        self._state = network.begin(self._ways) if began is None else began
        self._parts: dict[tuple[int, int], Below] = {}

    def style_below(self, style: int) -> int:
        """Where a style's interval begins."""
        return sum(trust * source.styles[style] for source, trust in self._trust) >> TRUST_BITS

    def advance_style(self, style: int) -> None:
        """The caption has this style: as evidence of its source, and the end of the beginning."""
        self._believe([source.styles[style + 1] - source.styles[style] for source, _ in self._trust])
        self._keep_asked()
        self._look()

    def below(self, token: int) -> int:
        """Where a token's interval begins, 0 to `TOTAL`."""
        return sum(weight * below(token) for weight, below in self._weighted) >> TRUST_BITS + SHARE_BITS

    def advance(self, token: int) -> None:
        """This token came."""
        sizes = {key: below(token + 1) - below(token) for key, below in self._parts.items()}
        self._believe([
            sum(share * sizes[key] for key, share in _parts_of(source)) >> SHARE_BITS for source, _ in self._trust
        ])  # fmt: skip
        self._history.append(token)
        self._keep_asked()
        self._state = self._network.step(self._state, token)
        self._look()

    def _keep_asked(self) -> None:
        """Go on only in those ways that some source is still asked in."""
        asked = {source.way for source, _ in self._trust}
        if len(asked) < len(self._ways):
            self._state = self._state.rows([row for row, way in enumerate(self._ways) if way in asked])
            self._ways = [way for way in self._ways if way in asked]

    def _look(self) -> None:
        """Prepare the parts for the next token, and their weights over all sources."""
        weights: dict[tuple[int, int], int] = {}
        for source, trust in self._trust:
            for key, share in _parts_of(source):
                weights[key] = weights.get(key, 0) + trust * share
        self._parts = {key: self._part(*key) for key in weights}
        self._weighted = [(weight, self._parts[key]) for key, weight in weights.items()]

    def _part(self, kind: int, detail: int) -> Below:
        if kind >= 0:
            return Outlook(self._network, self._state, self._ways.index(kind), detail).below
        model = self._counted[detail]
        return model.after(model.context(self._history[-model.reach :]))

    def _believe(self, sizes: list[int]) -> None:
        """Bayes' rule: what each source would have paid for what came tells how far to trust it now."""
        evidence = [trust * max(1, size) for (_, trust), size in zip(self._trust, sizes, strict=True)]
        whole = sum(evidence)
        trusts = [(part << TRUST_BITS) // whole for part in evidence]
        kept = [(source, trust) for (source, _), trust in zip(self._trust, trusts, strict=True) if trust >= LEAST_TRUST]
        # What rounding and the dropped ones leave goes to the most trusted.
        best = max(range(len(kept)), key=lambda index: kept[index][1])
        source, trust = kept[best]
        kept[best] = source, trust + (1 << TRUST_BITS) - sum(trust for _, trust in kept)
        self._trust = kept


def _parts_of(source: Source) -> list[tuple[tuple[int, int], int]]:
    """The source's parts by key, with their shares: (way, sharpness) of the network, (-1, index) of n-grams."""
    return [((source.way, source.sharpness), source.share), *(((-1, index), share) for index, share in source.counted)]
