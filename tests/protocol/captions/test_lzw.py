from __future__ import annotations

import contextlib
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.captions import lzw
from protocol.errors import CaptionError

letters = st.text(alphabet=string.ascii_lowercase, max_size=600) | st.text(alphabet="ab", max_size=600)


def test_the_articles_sentence_has_the_articles_174_bits() -> None:
    data, bits = lzw.encode("A cat sitting on top of a wooden bench")
    assert (bits, len(data)) == (174, 22)
    assert data.hex() == "0020134884d320d18e35338f38501638e0c4341c421f"
    assert lzw.decode(data) == "acatsittingontopofawoodenbench"


@given(letters)
def test_letters_are_read_back(text: str) -> None:
    data, bits = lzw.encode(text)
    assert lzw.decode(data) == text
    assert len(data) == -(-bits // 8)


@given(st.text(max_size=100))
def test_everything_but_letters_is_dropped(text: str) -> None:
    expected = "".join(letter for letter in text.lower() if letter in string.ascii_lowercase)
    assert lzw.decode(lzw.encode(text)[0]) == expected


def test_every_number_of_codes_is_told_from_the_bytes() -> None:
    """Random letters make nearly a code each, so this walks through all widths and all fills."""
    draw = random.Random(1)
    for length in range(700):
        text = "".join(draw.choices(string.ascii_lowercase, k=length))
        assert lzw.decode(lzw.encode(text)[0]) == text


def test_growth_is_bounded() -> None:
    with pytest.raises(CaptionError, match="letters"):
        lzw.decode(lzw.encode("a" * 20_000)[0])
    with pytest.raises(CaptionError, match="bytes"):
        lzw.decode(bytes(lzw.MAX_BYTES + 1))


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_raise(data: bytes) -> None:
    with contextlib.suppress(CaptionError):
        assert set(lzw.decode(data)) <= set(string.ascii_lowercase)


@given(letters.filter(bool), st.data())
def test_any_damage_decodes_or_raises(text: str, data: st.DataObject) -> None:
    damaged = bytearray(lzw.encode(text)[0])
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CaptionError):
        lzw.decode(bytes(damaged))
