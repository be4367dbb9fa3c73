"""The look: a coarse picture in 8 or 16 bytes, for what a caption leaves open: where things are, their colours.

A look is 8 x 8 pixels, as a discrete cosine transform of three planes (brightness and two of colour) whose coefficients
are digits: a coefficient of n levels is one digit of base n, worth (digit - n // 2) times the step of that length, and
the bytes, read as one big-endian number, hold the digits in the order of the tables, the first one least significant.
So every string of a known length is a look, and the length is all the version there is. Only integers are used: the
same bytes give the same pixels on every machine.

The planes are those of YCoCg (Malvar and Sullivan, "YCoCg-R", JVT-I014, 2003), here four times as large.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol.errors import LookError

__all__ = ["GRID", "PIXEL_BYTES", "SIZES", "coefficients", "decode", "encode"]

# Pixels along a side.
GRID = 8

# Of a decoded look: RGB, row by row.
PIXEL_BYTES = GRID * GRID * 3

# The bytes that a look may have.
SIZES = (8, 16)

Levels = tuple[tuple[tuple[int, ...], ...], ...]

# What one digit more is worth, in levels of 255.
_STEPS = {8: 7, 16: 4}

# For Y, Co and Cg: the levels of each coefficient, a row for each vertical frequency, from 0 up. Always odd, so that
# nothing is coded as nothing. Chosen greedily, most error saved for a bit, on 450 drawn scenes and 900 of their
# sections; all levels multiplied stay below 2 to the power of the look's bits.
_LEVELS: dict[int, Levels] = {
    8: (
        ((33, 7, 7, 3, 3), (11, 3, 5, 3, 3), (7, 3, 3), (5, 1, 3), (3,), (3,), (3,)),
        ((17, 3, 5), (9, 1, 3), (7, 1, 3), (3,)),
        ((5,), (5,), (3,)),
    ),
    16: (
        (
            *((55, 15, 15, 7, 7, 5, 3), (23, 7, 9, 7, 7, 3), (15, 5, 7, 5, 5), (9, 3, 5, 3)),
            *((5, 3, 5), (5, 3), (5,)),
        ),
        ((27, 7, 9, 3, 3), (17, 5, 5, 3, 3), (13, 3, 5), (5, 1, 3), (3, 1, 3), (3,)),
        ((9, 1, 3), (9,), (5,)),
    ),
}

# The square root of 2 times cos(k pi / 16), in units of 1/4096, to the nearest.
_COSINES = (5793, 5681, 5352, 4816, 4096, 3218, 2217, 1130)

# A product of two cosines is in units of 2**-24.
_UNIT_BITS = 24

_PLANE_SCALE = 4
_MIDDLE = 128


def encode(pixels: bytes, size: int) -> bytes:
    """Return the look of `size` bytes (one of `SIZES`) that comes nearest to `GRID` x `GRID` pixels of RGB, row by row.

    Raises `ValueError` for another size or another number of pixels.
    """
    if size not in SIZES or len(pixels) != PIXEL_BYTES:
        raise ValueError(f"a look of {size} bytes from {len(pixels)} bytes of pixels")
    planes = _planes(pixels)
    number, weight = 0, 1
    for plane, row, column, levels in coefficients(size):
        unit = _STEPS[size] * _PLANE_SCALE * GRID * GRID << _UNIT_BITS
        steps = (2 * _transformed(planes[plane], row, column) + unit) // (2 * unit)
        number += weight * (max(-(levels // 2), min(levels // 2, steps)) + levels // 2)
        weight *= levels
    return number.to_bytes(size, "big")


def decode(data: bytes) -> bytes:
    """Return a look's `GRID` x `GRID` pixels, RGB, row by row. Raises `LookError` for a length not in `SIZES`."""
    if len(data) not in SIZES:
        raise LookError(f"a look of {len(data)} bytes")
    number = int.from_bytes(data, "big")
    planes = [[0] * (GRID * GRID) for _ in range(3)]
    for plane, row, column, levels in coefficients(len(data)):
        number, digit = divmod(number, levels)
        value = (digit - levels // 2) * _STEPS[len(data)]
        if value:
            for pixel in range(GRID * GRID):
                planes[plane][pixel] += value * _wave(row, column, pixel)
    return b"".join(_pixel(y, orange, green) for y, orange, green in zip(*planes, strict=True))


def coefficients(size: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield plane, vertical and horizontal frequency, and levels of each coefficient that is coded."""
    for plane, rows in enumerate(_LEVELS[size]):
        for row, columns in enumerate(rows):
            for column, levels in enumerate(columns):
                if levels > 1:
                    yield plane, row, column, levels


def _planes(pixels: bytes) -> tuple[list[int], list[int], list[int]]:
    """Return Y less its middle, Co and Cg, each four times as large."""
    triples = list(zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=True))
    return (
        [red + 2 * green + blue - _MIDDLE * _PLANE_SCALE for red, green, blue in triples],
        [2 * (red - blue) for red, green, blue in triples],
        [2 * green - red - blue for red, green, blue in triples],
    )


def _transformed(plane: list[int], row: int, column: int) -> int:
    return sum(value * _wave(row, column, pixel) for pixel, value in enumerate(plane))


def _wave(row: int, column: int, pixel: int) -> int:
    """Return the basis function of two frequencies at a pixel, in units of 2**-24."""
    y, x = divmod(pixel, GRID)
    return _cosine(row, y) * _cosine(column, x)


def _cosine(frequency: int, position: int) -> int:
    """Return the square root of 2 times cos((2 position + 1) frequency pi / 16), or 1 for frequency 0."""
    if frequency == 0:
        return 4096
    angle = (2 * position + 1) * frequency % 32
    angle = min(angle, 32 - angle)  # cos(2 pi - a) = cos(a)
    return _COSINES[angle] if angle < 8 else -_COSINES[16 - angle] if angle > 8 else 0


def _pixel(y: int, orange: int, green: int) -> bytes:
    """Return RGB from the sums of waves: Y less its middle, Co and Cg."""
    middle = _MIDDLE << _UNIT_BITS
    return bytes(_level(value + middle) for value in (y - green + orange, y + green, y - green - orange))


def _level(value: int) -> int:
    return max(0, min(255, value + (1 << _UNIT_BITS - 1) >> _UNIT_BITS))
