"""Arithmetic coding in exact integers (Witten, Neal and Cleary 1987), for messages of a few bytes.

A message is a number from 0 to 1 (its bits after the binary point); every symbol narrows the interval in which it
lies in proportion to the symbol's chance. No renormalisation and no carry: an interval's ends are whole
Python integers, and a caption is short. What is sent is the shortest number inside the last interval; the receiver
knows its length from elsewhere.

Both ends walk the same model: the encoder is told each symbol, the decoder finds it, and each returns it. So a model
is written once, for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate
from typing import Protocol

from protocol.captions.ngrams import TOTAL, TOTAL_BITS

__all__ = ["Below", "Coder", "Decoder", "Encoder", "evenly", "shares"]

Below = Callable[[int], int]
"""Where the interval of a symbol begins on the line from 0 to `TOTAL`, and the last one's ends: never falling."""


class Coder(Protocol):
    """One end of the coder."""

    def code(self, below: Below, symbols: int, symbol: int | None) -> int:
        """Code one of `symbols` symbols and return it. An encoder is told it, a decoder ignores what it is told.

        However small its interval, no symbol is impossible: each has at least one unit of the line.
        """


def evenly(symbols: int) -> Below:
    """The model of that many symbols that are all alike."""
    return lambda symbol: symbol * TOTAL // symbols


def shares(*parts: int) -> Below:
    """The model of symbols that share the line in these parts."""
    begins = [part * TOTAL // sum(parts) for part in accumulate(parts, initial=0)]
    return begins.__getitem__


def _begin(below: Below, symbols: int, symbol: int) -> int:
    return (below(symbol) * (TOTAL - symbols) >> TOTAL_BITS) + symbol


class Encoder:
    """Takes symbols; `shortest` and `ideal_bits` tell what they have come to."""

    def __init__(self) -> None:
        self._low = 0
        self._width = 1
        self._bits = 0

    def code(self, below: Below, symbols: int, symbol: int | None) -> int:
        """Narrow the interval. Raises `ValueError` for what is no symbol."""
        if symbol is None or not 0 <= symbol < symbols:
            raise ValueError(f"symbol {symbol} is none of {symbols}")
        begin = _begin(below, symbols, symbol)
        self._low = (self._low << TOTAL_BITS) + self._width * begin
        self._width *= _begin(below, symbols, symbol + 1) - begin
        self._bits += TOTAL_BITS
        return symbol

    @property
    def ideal_bits(self) -> float:
        """-log2 of the chance that the model gives these symbols."""
        spare = max(0, self._width.bit_length() - 64)
        return self._bits - spare - math.log2(self._width >> spare)

    def shortest(self, unit: int = 1) -> tuple[int, int]:
        """The shortest number inside the interval: its value, and its length in bits, a multiple of `unit`."""
        if self._low == 0:
            return 0, 0
        last = self._low + self._width - 1
        # What the last number has in common with the one before the interval, and one bit more, is inside.
        apart = ((self._low - 1) ^ last).bit_length()
        length = -((apart - 1 - self._bits) // unit) * unit
        drop = self._bits - length
        return (last >> drop if drop >= 0 else last << -drop), length


class Decoder:
    """Finds the symbols of a number. Any number decodes to something; where to stop is for the model to say."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._length = 8 * len(data)
        self._low = 0
        self._width = 1
        self._bits = 0

    def code(self, below: Below, symbols: int, symbol: int | None = None) -> int:
        """Find the symbol whose interval holds the number."""
        target = (self._ahead() - (self._low << TOTAL_BITS)) // self._width
        first, last = _around(lambda symbol: _begin(below, symbols, symbol) <= target, symbols)
        while first < last:
            middle = (first + last + 1) // 2
            if _begin(below, symbols, middle) <= target:
                first = middle
            else:
                last = middle - 1
        begin = _begin(below, symbols, first)
        self._low = (self._low << TOTAL_BITS) + self._width * begin
        self._width *= _begin(below, symbols, first + 1) - begin
        self._bits += TOTAL_BITS
        return first

    def _ahead(self) -> int:
        """The number in the units of the next interval, cut off."""
        shift = self._bits + TOTAL_BITS - self._length
        return self._value << shift if shift >= 0 else self._value >> -shift


def _around(reaches: Callable[[int], bool], symbols: int) -> tuple[int, int]:
    """The first and last symbol that may be meant, found in growing steps: the likely ones come first."""
    first, step = 0, 1
    while first + step < symbols and reaches(first + step):
        first, step = first + step, 2 * step
    return first, min(first + step, symbols) - 1
