from __future__ import annotations

import pytest

from protocol import wire
from protocol.errors import VersionError


def test_a_message_is_read_back() -> None:
    assert wire.unpack(wire.pack(3, [1, b"two", "three"]), max_bytes=99) == (3, [1, b"two", "three"])


def test_the_kind_of_version_0_is_one_byte() -> None:
    assert wire.pack(1, []) == b"\x91\x01"


def test_too_long_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(ValueError, match="more than 5"):
        wire.unpack(b"\xc1" * 6, max_bytes=5)


def test_a_newer_version_is_told_from_garbage() -> None:
    with pytest.raises(VersionError):
        wire.unpack(b"\x92\x11\xc0", max_bytes=99)


def test_no_bool_passes_for_a_number() -> None:
    with pytest.raises(ValueError, match="flag"):
        wire.bounded_int("flag", True, bits=8)
