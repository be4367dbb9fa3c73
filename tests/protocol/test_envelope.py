from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import envelope
from protocol.errors import VersionError


def test_a_message_is_read_back() -> None:
    assert envelope.unpack(envelope.pack(3, [1, b"two", "three"]), max_bytes=99) == (3, [1, b"two", "three"])


def test_the_kind_of_version_0_is_one_byte() -> None:
    assert envelope.pack(1, []) == b"\x91\x01"


@given(st.binary(max_size=9) | st.integers(0, 15).map(lambda kind: envelope.pack(kind, [1, b"x"])))
def test_a_short_message_is_made_long_again(message: bytes) -> None:
    assert envelope.lengthen(envelope.shorten(message)) == message


def test_what_version_0_packs_becomes_a_byte_shorter() -> None:
    assert envelope.shorten(envelope.pack(2, [7])) == b"\x22\x07"
    assert envelope.shorten(b"\x92\x11\x07") == b"\0\x92\x11\x07"


@given(st.binary(max_size=9))
def test_any_bytes_are_made_long(short: bytes) -> None:
    assert len(envelope.lengthen(short)) <= len(short) + 1


def test_too_long_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ValueError, match="more than 5"):
        envelope.unpack(b"\xc1" * 6, max_bytes=5)


def test_a_newer_version_is_told_from_garbage() -> None:
    with pytest.raises(VersionError):
        envelope.unpack(b"\x92\x11\xc0", max_bytes=99)


def test_no_bool_passes_for_a_number() -> None:
    with pytest.raises(ValueError, match="flag"):
        envelope.bounded_int("flag", True, bits=8)
