"""Arithmetic coding in exact integers (Witten, Neal and Cleary 1987), for messages of a few bytes.

A message is a number from 0 to 1 (its bits after the binary point); every symbol narrows the interval in which it
lies in proportion to the symbol's chance. No renormalisation and no carry: an interval's ends are whole
Python integers, and a caption is short. What is sent is the shortest number inside the last interval; the receiver
knows its length from elsewhere.

Both ends walk the same model: the encoder gets each symbol, the decoder finds it, and each returns it. So a model is
written once, for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Protocol

from protocol.captions.ngrams import TOTAL, TOTAL_BITS

__all__ = ["Below", "Coder", "Decoder", "Encoder", "Near", "evenly", "shares"]

# Where the interval of a symbol begins on the line from 0 to `TOTAL`, and the last one's ends: never falling.
Below = Callable[[int], int]

# A symbol that begins at about this position of the line. It may be wrong: that costs a decoder time and no more.
Near = Callable[[int], int]


class Coder(Protocol):
    """One end of the coder."""

    def code(self, below: Below, symbols: int, symbol: int | None, near: Near | None = None) -> int:
        """Code one of `symbols` symbols and return it. An encoder needs it, a decoder ignores `symbol`.

        `near` helps a decoder to find it.

        However small its interval, no symbol is impossible: each has at least one unit of the line.
        """


def evenly(symbols: int) -> Below:
    """Return the model of that many symbols that are all alike."""
    return lambda symbol: symbol * TOTAL // symbols


def shares(*parts: int) -> Below:
    """Return the model of symbols that share the line in these parts."""
    begins = [part * TOTAL // sum(parts) for part in accumulate(parts, initial=0)]
    return begins.__getitem__


def _begin(below: Below, symbols: int, symbol: int) -> int:
    # Every symbol gets a unit of its own, so that none is impossible.
    return (below(symbol) * (TOTAL - symbols) >> TOTAL_BITS) + symbol


class Encoder:
    """Narrows an interval by symbols; `shortest` and `ideal_bits` give the result so far."""

    def __init__(self) -> None:
        self._low = 0
        self._width = 1
        self._bits = 0

    def code(self, below: Below, symbols: int, symbol: int | None, near: Near | None = None) -> int:
        """Narrow the interval by one symbol. Raises `ValueError` for what is none."""
        if symbol is None or not 0 <= symbol < symbols:
            raise ValueError(f"symbol {symbol} is none of {symbols}")
        begin = _begin(below, symbols, symbol)
        self._low = (self._low << TOTAL_BITS) + self._width * begin
        self._width *= _begin(below, symbols, symbol + 1) - begin
        self._bits += TOTAL_BITS
        return symbol

    @property
    def interval(self) -> tuple[int, int, int]:
        """Where the interval begins and its width, in units of 2**-bits, and those bits."""
        return self._low, self._width, self._bits

    @property
    def ideal_bits(self) -> float:
        """-log2 of the chance that the model gives the symbols so far."""
        spare = max(0, self._width.bit_length() - 64)
        return self._bits - spare - math.log2(self._width >> spare)

    def shortest(self, unit: int = 1) -> tuple[int, int]:
        """Return the shortest number inside the interval: its value, and its length in bits, a multiple of `unit`."""
        if self._low == 0:
            return 0, 0
        last = self._low + self._width - 1
        # The bits that the last number has in common with the one before the interval, and one bit more, are inside.
        apart = ((self._low - 1) ^ last).bit_length()
        length = -((apart - 1 - self._bits) // unit) * unit
        drop = self._bits - length
        return (last >> drop if drop >= 0 else last << -drop), length


class Decoder:
    """Finds the symbols of a number. Any number decodes to something; the model has a symbol for the end."""

    def __init__(self, data: bytes) -> None:
        # The number, less where the interval begins, and the interval's width, both in units of the number's last bit
        # that grow finer with every symbol.
        self._left = int.from_bytes(data, "big")
        self._width = 1 << 8 * len(data)

    def code(self, below: Below, symbols: int, symbol: int | None = None, near: Near | None = None) -> int:
        """Find the symbol whose interval holds the number, beginning the search at `near`."""
        self._left <<= TOTAL_BITS
        position = self._left // self._width
        guess = near(position) if near else 0
        found, begin, end = _find(position, partial(_begin, below, symbols), symbols, guess)
        self._left -= self._width * begin
        self._width *= end - begin
        return found


def _find(position: int, begin: Callable[[int], int], symbols: int, guess: int) -> tuple[int, int, int]:
    """Return the symbol whose interval holds this position, its begin and its end: searched in growing steps."""
    low, high, step = guess, guess + 1, 1
    low_begin, high_begin = begin(low), begin(high)
    while low_begin > position:
        high, high_begin = low, low_begin
        low, step = max(0, low - step), 2 * step
        low_begin = begin(low)
    while high < symbols and high_begin <= position:
        low, low_begin = high, high_begin
        high, step = min(symbols, high + step), 2 * step
        high_begin = begin(high)
    while high - low > 1:
        middle = (low + high) // 2
        middle_begin = begin(middle)
        if middle_begin <= position:
            low, low_begin = middle, middle_begin
        else:
            high, high_begin = middle, middle_begin
    return low, low_begin, high_begin
