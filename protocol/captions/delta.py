"""Coding a caption against an earlier one: as it was, with one word replaced, or word by word with a guess.

The guess of the next word walks along the earlier caption. After a wrong guess it continues behind the nearest
occurrence of the word that came, so that it fits again after words that were added, left out or replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from protocol.captions.arithmetic import Below, shares
from protocol.captions.ngrams import TOTAL
from protocol.captions.tokens import Tokenised

__all__ = ["CHANGES", "Change", "CopyModel", "change_of", "differing", "places", "style_near"]


class Change(IntEnum):
    """How a caption differs from the earlier one."""

    NONE = 0
    ONE_TOKEN = 1  # another in the place of one, all else the same
    MORE = 2


# How often each change is: an unchanged caption costs half a bit.
CHANGES = shares(72, 18, 10)

# The first symbols, those of "a", "of" and their like, are seldom replaced.
_COMMON = 12

_COMMON_WEIGHT, _OTHER_WEIGHT = 1, 8

# How often the style is the earlier caption's.
STYLE_PERCENT = 97

# How often the guess is right, by how often it was right since it last was not; before and after it first was not.
_BEFORE_CHANGE = tuple(shares(right, 100 - right) for right in (88, 88, 88, 88))
_AFTER_CHANGE = tuple(shares(right, 100 - right) for right in (75, 90, 94, 96))

# Words ahead among which a word of the caption's own is looked for.
_NEAR = 4


def change_of(now: Tokenised, earlier: Tokenised) -> Change:
    """Return how a caption differs. One in mixed style never differs in one token: its capitals would not fit."""
    if now == earlier:
        return Change.NONE
    alike = now.style == earlier.style and not now.capitals and len(now.tokens) == len(earlier.tokens)
    return Change.ONE_TOKEN if alike and len(differing(now, earlier)) == 1 else Change.MORE


def differing(now: Tokenised, earlier: Tokenised) -> list[int]:
    """Return the indices at which the tokens differ."""
    return [at for at, pair in enumerate(zip(now.tokens, earlier.tokens, strict=False)) if pair[0] != pair[1]]


def places(symbols: Sequence[int]) -> Below:
    """Return the model of which token of these symbols was replaced."""
    return shares(*(_COMMON_WEIGHT if 1 < symbol < _COMMON else _OTHER_WEIGHT for symbol in symbols))


class CopyModel:
    """Guesses the next token from an earlier caption's `tokens`; None at its end, where the caption ends as well."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = (*tokens, None)
        self._at = 0
        self._right = 0
        self._changed = False

    @property
    def guess(self) -> str | None:
        """The token that probably comes next."""
        return self._tokens[self._at]

    @property
    def confidence(self) -> Below:
        """The model of the guess being right (symbol 0) or not (1)."""
        table = _AFTER_CHANGE if self._changed else _BEFORE_CHANGE
        return table[min(self._right, len(table) - 1)]

    def confirm(self) -> None:
        """Go on after a right guess."""
        self._right += 1
        self._at = min(self._at + 1, len(self._tokens) - 1)

    def correct(self, token: str) -> None:
        """Go on after a wrong guess, in whose place this token came."""
        self._right, self._changed = 0, True
        begin = max(0, self._at - 1)
        for at in range(begin, min(self._at + _NEAR, len(self._tokens))):
            if self._tokens[at] == token:
                self._at = min(at + 1, len(self._tokens) - 1)
                return
        self._at = min(self._at + 1, len(self._tokens) - 1)


def style_near(below: Below, earlier: int) -> Below:
    """Return a model of styles, moved towards the earlier caption's."""

    def moved(style: int) -> int:
        own = (100 - STYLE_PERCENT) * below(style) // 100
        return own + (TOTAL - (100 - STYLE_PERCENT) * TOTAL // 100 if style > earlier else 0)

    return moved
