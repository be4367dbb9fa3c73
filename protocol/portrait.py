"""The portrait: a look of a person in 7 or 13 bytes: where the face is, and the colours of skin, hair and garment.

The bytes, read as one big-endian number, hold thirteen fields of a fixed number of bits, the first one most
significant: the face's middle from the left and from the top, its height from hairline to chin (all as shares of the
picture), its roll, positive to the right of the picture; then red, green and blue of skin, hair and garment. A field
of n bits holds 0 to 2**n - 1 in even steps over its range. A colour of three zeros was not seen. So every string of a
known length is a portrait, and the length is all the version there is. Other lengths are those of `protocol.look`.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import LookError

__all__ = ["SIZES", "Portrait", "decode", "encode"]

Rgb = tuple[int, int, int]

# The bytes that a portrait may have. Each is shorter than the look whose place it takes.
SIZES = (7, 13)

# By bytes: bits of a number and of a channel. A step of five bits is 8 of 256 pixels.
_BITS = {7: (5, 4), 13: (8, 8)}

# Degrees to either side that the roll reaches.
_MOST_ROLL = 45.0

_NUMBERS, _CHANNELS = 4, 9


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person's face and colours: shares of the picture from 0 to 1, degrees, levels of RGB, None if not seen."""

    x: float
    y: float
    size: float
    roll: float
    skin: Rgb | None
    hair: Rgb | None
    garment: Rgb | None


def encode(portrait: Portrait, size: int) -> bytes:
    """Return the nearest portrait of `size` bytes (one of `SIZES`, else `ValueError`)."""
    if size not in SIZES:
        raise ValueError(f"a portrait of {size} bytes")
    bits, channel_bits = _BITS[size]
    number = 0
    for share in (portrait.x, portrait.y, portrait.size, portrait.roll / (2 * _MOST_ROLL) + 0.5):
        number = number << bits | _level(share, bits)
    for colour in (portrait.skin, portrait.hair, portrait.garment):
        for level in _levels(colour, channel_bits):
            number = number << channel_bits | level
    return number.to_bytes(size, "big")


def decode(data: bytes) -> Portrait:
    """Return a portrait's contents. Raises `LookError` for a length not in `SIZES`."""
    if len(data) not in SIZES:
        raise LookError(f"a portrait of {len(data)} bytes")
    bits, channel_bits = _BITS[len(data)]
    number = int.from_bytes(data, "big")
    levels = []
    for width in [channel_bits] * _CHANNELS + [bits] * _NUMBERS:
        levels.append(number & ((1 << width) - 1))
        number >>= width
    levels.reverse()
    x, y, size, roll = (level / ((1 << bits) - 1) for level in levels[:_NUMBERS])
    skin, hair, garment = (_colour(levels[at : at + 3], channel_bits) for at in (4, 7, 10))
    return Portrait(x, y, size, (roll - 0.5) * 2 * _MOST_ROLL, skin, hair, garment)


def _level(share: float, bits: int) -> int:
    most = (1 << bits) - 1
    return round(min(1.0, max(0.0, share)) * most)


def _levels(colour: Rgb | None, bits: int) -> tuple[int, ...]:
    if colour is None:
        return 0, 0, 0
    levels = tuple(_level(channel / 255, bits) for channel in colour)
    return levels if any(levels) else (1, 1, 1)  # black that was seen


def _colour(levels: list[int], bits: int) -> Rgb | None:
    if not any(levels):
        return None
    red, green, blue = (round(level * 255 / ((1 << bits) - 1)) for level in levels)
    return red, green, blue
