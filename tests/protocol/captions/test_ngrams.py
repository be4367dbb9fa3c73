from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_decoder import Counted
from tiny_codebook import TOKENS, model
from tiny_codebook import parts as parts_of_file

from protocol.captions.ngrams import LEVELS, STEPS_AN_OCTAVE, TOTAL, WEIGHT_BITS, Entries, Level, NGrams, weight_of

A, B, C, START = range(4)
HALF, EIGHTH = STEPS_AN_OCTAVE, 3 * STEPS_AN_OCTAVE

# After A: B half the time, C an eighth. After B and the start: A half. After A B: C half, and A is only a context.
BIGRAMS = Level.of([B, C, A, A], [HALF, EIGHTH, HALF, HALF], [2, 1, 0, 1])
TRIGRAMS = Level.of([A, C], [LEVELS, HALF], [2, 0, 0, 0])
SMALL = NGrams([0, TOTAL // 2, 3 * TOTAL // 4, TOTAL], [BIGRAMS, TRIGRAMS])


def after(model: NGrams, history: list[int]) -> Callable[[int], int]:
    entries: Entries = ()
    for symbol in history:
        entries = model.follow(entries, symbol)
    return model.after(entries)


def chances(history: list[int]) -> list[Fraction]:
    below = after(SMALL, history)
    return [Fraction(below(symbol + 1) - below(symbol), TOTAL) for symbol in (A, B, C)]


def parts(*numbers: str) -> list[Fraction]:
    return [Fraction(number) for number in numbers]


def test_weights_are_powers_of_two_rounded_down() -> None:
    for step in range(LEVELS):
        wanted = 1 << STEPS_AN_OCTAVE * WEIGHT_BITS - step
        assert weight_of(step) ** STEPS_AN_OCTAVE <= wanted < (weight_of(step) + 1) ** STEPS_AN_OCTAVE
    assert (weight_of(0), weight_of(HALF), weight_of(LEVELS)) == (1 << WEIGHT_BITS, 1 << WEIGHT_BITS - 1, 0)


def test_with_nothing_before_symbols_have_their_own_chances() -> None:
    assert chances([]) == parts("1/2", "1/4", "1/4")


def test_a_context_gives_its_rest_to_the_shorter_one() -> None:
    rest = Fraction(3, 8)
    assert chances([A]) == [rest / 2, Fraction(1, 2) + rest / 4, Fraction(1, 8) + rest / 4]
    assert chances([START]) == parts("3/4", "1/8", "1/8")


def test_an_entry_without_weight_is_only_a_context() -> None:
    assert chances([B]) == parts("3/4", "1/8", "1/8")
    assert chances([A, B]) == parts("3/8", "1/16", "9/16")


def test_an_unknown_context_tells_nothing() -> None:
    assert chances([C]) == chances([A, C]) == chances([])
    assert chances([C, A]) == chances([B, A]) == chances([A])


def test_the_start_is_a_symbol_beyond_the_others() -> None:
    assert SMALL.start == START
    assert SMALL.begun == SMALL.follow((), START)


@given(st.lists(st.integers(0, TOKENS), max_size=4))
def test_whatever_was_before_the_symbols_lie_in_order_on_the_whole_line(history: list[int]) -> None:
    counted = model().counted[0]
    below = after(counted, history)
    begins = [below(symbol) for symbol in range(TOKENS + 1)]
    assert (begins[0], begins[-1]) == (0, TOTAL)
    assert begins == sorted(begins)


@pytest.mark.parametrize("history", [[START, A, B], [B, A, B], [C, C, A]])
def test_no_more_is_looked_at_than_it_reaches(history: list[int]) -> None:
    assert chances(history) == chances(history[-2:])


@given(st.lists(st.integers(0, TOKENS), max_size=6))
def test_the_second_decoder_finds_the_same_contexts(history: list[int]) -> None:
    counted, reference = model().counted[0], Counted(parts_of_file()["counted"][0])
    found, expected = after(counted, history), reference.after(history)
    assert [found(symbol) for symbol in range(TOKENS + 1)] == [expected(symbol) for symbol in range(TOKENS + 1)]
