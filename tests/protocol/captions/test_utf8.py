from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.captions import utf8
from protocol.errors import CaptionError


@given(st.text())
def test_text_is_read_back(text: str) -> None:
    data, bits = utf8.encode(text)
    assert utf8.decode(data) == text
    assert bits == 8 * len(data)


def test_a_lone_surrogate_is_no_character() -> None:
    assert utf8.encode("\ud800") == (b"?", 8)


def test_damaged_bytes_are_refused() -> None:
    with pytest.raises(CaptionError):
        utf8.decode(b"\xff")


@given(st.binary())
def test_any_bytes_decode_or_raise(data: bytes) -> None:
    with contextlib.suppress(CaptionError):
        assert utf8.decode(data).encode() == data
