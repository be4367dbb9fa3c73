"""Portraits: golden vectors, steps of known size, and every string of a known length is one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import frames, look, portrait
from protocol.errors import LookError
from protocol.portrait import Portrait

SOMEBODY = Portrait(0.48, 0.42, 0.4, 5.0, (208, 152, 110), (98, 58, 32), (50, 106, 214))


@pytest.mark.parametrize(("size", "coded"), [(7, "7b591c9663236d"), (13, "7a6b668ed0986e623a20326ad6")])
def test_golden_vectors(size: int, coded: str) -> None:
    assert portrait.encode(SOMEBODY, size).hex() == coded


@pytest.mark.parametrize(("size", "step", "levels"), [(7, 1 / 31, 17), (13, 1 / 255, 1)])
def test_what_comes_back_is_within_half_a_step(size: int, step: float, levels: int) -> None:
    read = portrait.decode(portrait.encode(SOMEBODY, size))
    for name in ("x", "y", "size"):
        assert getattr(read, name) == pytest.approx(getattr(SOMEBODY, name), abs=step / 2)
    assert read.roll == pytest.approx(SOMEBODY.roll, abs=90 * step / 2)
    for name in ("skin", "hair", "garment"):
        assert getattr(read, name) == pytest.approx(getattr(SOMEBODY, name), abs=levels / 2)


@pytest.mark.parametrize("size", portrait.SIZES)
def test_what_was_not_seen_is_not_black(size: int) -> None:
    read = portrait.decode(portrait.encode(replace(SOMEBODY, hair=None, garment=(0, 0, 0)), size))
    assert read.hair is None
    assert read.garment is not None
    assert max(read.garment) < 20


def test_numbers_out_of_range_are_the_nearest() -> None:
    wide = Portrait(-1, 2, 7, 200, (300, -5, 9), None, None)
    read = portrait.decode(portrait.encode(wide, 13))
    assert (read.x, read.y, read.size, read.roll, read.skin) == (0, 1, 1, 45, (255, 0, 9))


@given(st.binary(max_size=20))
def test_every_string_of_a_known_length_is_one_and_no_other(data: bytes) -> None:
    if len(data) in portrait.SIZES:
        read = portrait.decode(data)
        again = portrait.encode(read, len(data))
        assert portrait.decode(again) == read
    else:
        with pytest.raises(LookError):
            portrait.decode(data)


def test_no_portrait_is_as_long_as_a_look_or_too_long_for_a_frame() -> None:
    assert not set(portrait.SIZES) & set(look.SIZES)
    assert max(portrait.SIZES) <= frames.MAX_LOOK_BYTES
    with pytest.raises(ValueError, match="8 bytes"):
        portrait.encode(SOMEBODY, 8)
