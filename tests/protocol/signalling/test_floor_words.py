"""The words of the floor and their bytes."""

from __future__ import annotations

import contextlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import envelope
from protocol.errors import SignalError, VersionError
from protocol.signalling import messages
from protocol.signalling.floor_words import KIND, MAX_WORD_BYTES, FloorWord, Word, decode, encode, is_word

words = st.builds(
    FloorWord,
    st.sampled_from(Word),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1),
    st.sampled_from(["", "ab", "x2y7"]),
)


@given(words)
def test_a_word_comes_back(word: FloorWord) -> None:
    data = encode(word)
    assert decode(data) == word
    assert is_word(data)
    assert len(data) <= 16


def test_what_says_nothing_takes_no_bytes() -> None:
    assert len(encode(FloorWord(Word.FREE, 3))) == 4


def test_other_signals_are_no_words() -> None:
    assert not is_word(messages.encode(messages.Bye("abcd", 1, messages.Reason.LEFT)))
    assert not is_word(b"")
    with pytest.raises(SignalError, match="kind 4"):
        decode(messages.encode(messages.Bye("abcd", 1, messages.Reason.LEFT)))


def test_a_program_that_knows_no_floor_leaves_its_words_alone() -> None:
    with pytest.raises(SignalError, match="unknown kind 5"):
        messages.decode(encode(FloorWord(Word.ASK, 1, 2)))


@pytest.mark.parametrize(
    "fields",
    [[], [0], [9, 1], [True, 1], [0, -1], [0, 2**32], [0, 1, 2**16], [0, 1, 0, "abcde"], [0, 1, 0, 7], ["ask", 1]],
)
def test_fields_that_do_not_fit_are_refused(fields: list[object]) -> None:
    with pytest.raises(SignalError):
        decode(envelope.pack(KIND, fields))


def test_fields_of_later_versions_are_passed_over_and_a_later_version_is_named() -> None:
    assert decode(envelope.pack(KIND, [1, 7, 0, "", "later"])) == FloorWord(Word.GRANT, 7)
    with pytest.raises(VersionError):
        decode(bytes(msgpack.packb([1 << 4 | KIND, 0, 1])))
    with pytest.raises(SignalError):
        decode(b"\x91" + b"\0" * MAX_WORD_BYTES)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_word_or_the_documented_error(data: bytes) -> None:
    is_word(data)
    with contextlib.suppress(SignalError, VersionError):
        decode(data)


@given(st.lists(st.one_of(st.integers(), st.text(max_size=8), st.binary(max_size=8), st.booleans(), st.none())))
def test_any_fields_are_a_word_or_the_documented_error(fields: list[object]) -> None:
    with contextlib.suppress(SignalError, OverflowError):
        decode(envelope.pack(KIND, fields[:10]))
