"""Looks: what every other program must make of the same bytes, and that any bytes are something."""

from __future__ import annotations

import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import frames, look
from protocol.errors import LookError

RAMP = bytes(
    level
    for y in range(look.GRID)
    for x in range(look.GRID)
    for level in (60 + 20 * x, 200 - 10 * y, 40 + 8 * x + 6 * y)
)

GOLDEN = [
    ("0000000000000000", 1759473575),
    ("ffffffffffffffff", 797230108),
    ("a44df16ea3387eb2", 3709294216),
    ("00000000000000000000000000000000", 951455710),
    ("ffffffffffffffffffffffffffffffff", 4207332454),
    ("910240698d7e7174815456c4bcaf9d4d", 1889814427),
]
"""A look and the CRC-32 of its pixels."""

looks = st.sampled_from(look.SIZES).flatmap(lambda size: st.binary(min_size=size, max_size=size))
pictures = st.binary(min_size=look.PIXEL_BYTES, max_size=look.PIXEL_BYTES)


def error_of(pixels: bytes, size: int) -> float:
    """The mean square error of a picture that went through a look."""
    seen = look.decode(look.encode(pixels, size))
    return sum((one - other) ** 2 for one, other in zip(pixels, seen, strict=True)) / len(pixels)


@pytest.mark.parametrize(("coded", "checksum"), GOLDEN)
def test_golden_vectors(coded: str, checksum: int) -> None:
    assert zlib.crc32(look.decode(bytes.fromhex(coded))) == checksum


@pytest.mark.parametrize(("size", "coded"), [(8, GOLDEN[2][0]), (16, GOLDEN[5][0])])
def test_the_ramp_becomes_its_golden_look(size: int, coded: str) -> None:
    assert look.encode(RAMP, size).hex() == coded


@given(st.binary(max_size=frames.MAX_LOOK_BYTES + 4))
def test_any_bytes_are_a_look_or_raise_its_error(data: bytes) -> None:
    if len(data) in look.SIZES:
        assert len(look.decode(data)) == look.PIXEL_BYTES
    else:
        with pytest.raises(LookError):
            look.decode(data)


@given(pictures, st.sampled_from(look.SIZES))
def test_any_picture_has_a_look_of_the_size_asked_for(pixels: bytes, size: int) -> None:
    coded = look.encode(pixels, size)
    assert len(coded) == size
    assert len(look.decode(coded)) == look.PIXEL_BYTES


@given(looks)
def test_a_look_within_the_range_of_colours_comes_back_as_it_was(data: bytes) -> None:
    pixels = look.decode(data)
    if min(pixels) > 0 and max(pixels) < 255:
        once = look.encode(pixels, len(data))
        assert look.decode(once) == pixels


@pytest.mark.parametrize("size", look.SIZES)
def test_a_colour_all_over_stays_it(size: int) -> None:
    for grey in (40, 128, 200):
        seen = look.decode(look.encode(bytes([grey] * look.PIXEL_BYTES), size))
        assert all(abs(level - grey) <= size for level in seen)


def test_more_bytes_show_more() -> None:
    flat = sum((level - sum(RAMP) / len(RAMP)) ** 2 for level in RAMP) / len(RAMP)
    assert flat / 3 > error_of(RAMP, 8) > error_of(RAMP, 16)


@pytest.mark.parametrize(("pixels", "size"), [(RAMP, 0), (RAMP, 12), (RAMP[1:], 8), (b"", 16)])
def test_what_is_no_picture_or_no_size_is_refused(pixels: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="a look of"):
        look.encode(pixels, size)


@pytest.mark.parametrize("size", look.SIZES)
def test_every_look_fits_its_bytes_and_its_frame(size: int) -> None:
    levels = [levels for *_, levels in look.coefficients(size)]
    assert all(count % 2 for count in levels)
    assert math.prod(levels) <= 1 << 8 * size
    assert size <= frames.MAX_LOOK_BYTES
