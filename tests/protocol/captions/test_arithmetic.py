from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.captions.arithmetic import Below, Decoder, Encoder, evenly, shares
from protocol.captions.ngrams import TOTAL

Message = Sequence[tuple[Below, int, int]]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Symbols, each with a model of its own: the model, how many symbols it has, and which it is."""
    told = []
    for sizes in draw(st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=40), max_size=30)):
        symbol = draw(st.integers(0, len(sizes) - 1))
        scale = TOTAL // max(1, sum(sizes))
        begins = [min(TOTAL, begin * scale) for begin in accumulate(sizes, initial=0)]
        begins[-1] = TOTAL
        told.append((begins.__getitem__, len(sizes), symbol))
    return told


def encoded(message: Message) -> Encoder:
    encoder = Encoder()
    for below, symbols, symbol in message:
        assert encoder.code(below, symbols, symbol) == symbol
    return encoder


def interval(encoder: Encoder) -> tuple[Fraction, Fraction]:
    low, width, bits = encoder.interval
    return Fraction(low, 1 << bits), Fraction(low + width, 1 << bits)


@given(messages())
def test_a_message_is_read_back(message: Message) -> None:
    value, length = encoded(message).shortest(unit=8)
    decoder = Decoder(value.to_bytes(length // 8, "big"))
    assert [decoder.code(below, symbols) for below, symbols, _ in message] == [symbol for *_, symbol in message]


@given(messages(), st.sampled_from([1, 8]))
def test_what_is_sent_is_the_shortest_number_inside_the_interval(message: Message, unit: int) -> None:
    encoder = encoded(message)
    begin, end = interval(encoder)
    value, length = encoder.shortest(unit)
    assert length % unit == 0
    assert value < 1 << length
    assert begin <= Fraction(value, 1 << length) < end
    for shorter in range(0, length, unit):
        assert Fraction(math.ceil(begin * (1 << shorter)), 1 << shorter) >= end


@given(messages())
def test_no_message_takes_a_bit_more_than_its_chance_says(message: Message) -> None:
    encoder = encoded(message)
    begin, end = interval(encoder)
    width = end - begin
    assert math.isclose(encoder.ideal_bits, math.log2(width.denominator) - math.log2(width.numerator), abs_tol=1e-9)
    assert encoder.shortest()[1] < encoder.ideal_bits + 1


@given(st.binary(max_size=12), messages())
def test_any_number_is_some_message(data: bytes, models: Message) -> None:
    decoder = Decoder(data)
    message = [(below, symbols, decoder.code(below, symbols)) for below, symbols, _ in models]
    begin, end = interval(encoded(message))
    assert begin <= Fraction(int.from_bytes(data, "big"), 1 << 8 * len(data)) < end


@given(messages(), st.data())
def test_a_wrong_guess_changes_nothing(message: Message, data: st.DataObject) -> None:
    value, length = encoded(message).shortest(unit=8)
    decoder = Decoder(value.to_bytes(length // 8, "big"))
    for below, symbols, symbol in message:
        guess = data.draw(st.integers(0, symbols - 1))
        assert decoder.code(below, symbols, near=lambda place, guess=guess: guess) == symbol


def test_the_first_symbols_take_nothing() -> None:
    encoder = encoded([(shares(1, 1000), 2, 0)] * 5)
    assert encoder.shortest() == (0, 0)
    assert encoder.ideal_bits == pytest.approx(5 * math.log2(1001), abs=1e-3)
    assert Encoder().shortest() == (0, 0)
    assert Encoder().ideal_bits == 0


def test_no_symbol_is_impossible() -> None:
    never = [0, TOTAL, TOTAL, TOTAL].__getitem__
    for symbol in range(3):
        message = [(never, 3, symbol)]
        value, length = encoded(message).shortest(unit=8)
        assert Decoder(value.to_bytes(length // 8, "big")).code(never, 3) == symbol
        assert length <= 32


@pytest.mark.parametrize("symbol", [None, -1, 2])
def test_an_encoder_is_told_a_symbol(symbol: int | None) -> None:
    with pytest.raises(ValueError, match="none of 2"):
        Encoder().code(evenly(2), 2, symbol)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_shares_make_up_the_line_in_proportion(parts: list[int]) -> None:
    below = shares(*parts)
    assert (below(0), below(len(parts))) == (0, TOTAL)
    for symbol, part in enumerate(parts):
        assert below(symbol + 1) - below(symbol) == pytest.approx(part * TOTAL / sum(parts), abs=1)


@pytest.mark.parametrize("symbols", [1, 2, 1920, 0x110000])
def test_evenly_is_in_equal_parts(symbols: int) -> None:
    below = evenly(symbols)
    assert (below(0), below(symbols)) == (0, TOTAL)
    assert {below(symbol + 1) - below(symbol) - TOTAL // symbols for symbol in range(min(symbols, 999))} <= {0, 1}
