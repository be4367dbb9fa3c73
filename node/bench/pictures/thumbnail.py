"""The article's other way: a WebP thumbnail of 580 bytes, which the receiver enlarges."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from node.bench.pictures.encodings import read, square, written
from node.bench.pictures.ways import SIDES, Way

BYTES = 580
THUMBNAIL_SIDES = tuple(range(128, 15, -8))  # the article does not say its thumbnail's; larger ones are mush at 580
QUALITIES = range(101)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail's file and how it was made."""

    side: int
    quality: int
    data: bytes


def thumbnail(image: Image.Image) -> Thumbnail | None:
    """The WebP thumbnail that comes closest to 580 bytes and is not larger; of two, the one of more pixels.

    None if even the smallest is larger.
    """
    tries = [_best(square(image, side)) for side in THUMBNAIL_SIDES]
    fitting = [found for found in tries if found is not None]
    return max(fitting, key=lambda found: (len(found.data), found.side), default=None)


def _best(small: Image.Image) -> Thumbnail | None:
    """The best quality that fits, found by halving: a file grows with its quality, nearly always."""
    found, low, high = None, QUALITIES.start, QUALITIES.stop
    while low < high:
        quality = (low + high) // 2
        data = written(small, "WebP", quality=quality, method=6)
        if len(data) <= BYTES:
            found, low = Thumbnail(small.width, quality, data), quality + 1
        else:
            high = quality
    return found


def way(image: Image.Image) -> Way | None:
    """The thumbnail as a way to send the picture; None if there is none so small."""
    found = thumbnail(image)
    if found is None:
        return None
    side, size = SIDES[0], len(found.data)
    note = f"{found.side}x{found.side}, quality {found.quality}, {size} bytes"
    shown = read(found.data).resize((side, side), Image.Resampling.BICUBIC)
    return Way(f"{BYTES}-byte thumbnail", note, (8 * size,) * len(SIDES), shown)
