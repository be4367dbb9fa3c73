"""Encodings of a picture: raw, as a file of each format, as the article's thumbnail of 580 bytes, and as a caption."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, features

from node.vision.formats import heic
from node.vision.stats import BITS_PER_PIXEL
from protocol.captions.registry import CaptionCodecs

# The sides of the squares, in pixels, that the article reckons with.
SIDES = (256, 1024)

# Of 100: blocks and smears are plain to see, and what is shown can still be recognised.
QUALITY = 10

# What the article's thumbnail may take. The article does not say its side; larger ones are mush at 580 bytes.
THUMBNAIL_BYTES = 580
THUMBNAIL_SIDES = tuple(range(128, 15, -8))
WEBP_QUALITIES = range(101)

# The article's caption codec. Its bits are those of the code alone, as the article counts them.
LZW = 1


@dataclass(frozen=True, slots=True)
class Encoding:
    """A picture encoded: its bits for a square of each of `SIDES`, and what arrives.

    `shown` is the picture as the receiver has it, at the smaller side; None where only `words` arrive.
    """

    name: str
    note: str
    bits: tuple[int, ...]
    shown: Image.Image | None = None
    words: str = ""

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times smaller than raw, for each of `SIDES`."""
        return tuple(raw_bits(side) / max(1, bits) for side, bits in zip(SIDES, self.bits, strict=True))


def raw_bits(side: int) -> int:
    """Return the bits of a raw RGB square."""
    return side * side * BITS_PER_PIXEL


def as_ratio(ratio: float) -> str:
    """Format a ratio as the article does."""
    return f"{ratio:,.0f}:1" if ratio >= 10 else f"{ratio:.1f}:1"


# -- files


@dataclass(frozen=True, slots=True)
class Format:
    """A file format, and the options that make its files small.

    `feature` is what Pillow must be built with, `pillow_name` what Pillow calls the format if not by its name.
    """

    name: str
    note: str
    options: dict[str, Any]
    feature: str | None = None
    pillow_name: str | None = None

    def is_available(self) -> bool:
        """Return whether the format can be written here."""
        if self.pillow_name == heic.FORMAT:
            return heic.installed()
        return self.feature is None or bool(features.check(self.feature))

    def file(self, image: Image.Image) -> bytes:
        """Return the picture as a file of this format."""
        if self.pillow_name == heic.FORMAT:
            heic.register()
        return encoded(image, self.pillow_name or self.name, **self.options)


LOW = f"quality {QUALITY}"
FORMATS = (
    Format("PNG", "lossless", {"optimize": True}),
    Format("JPEG", LOW, {"quality": QUALITY, "optimize": True}, "jpg"),
    Format("WebP", LOW, {"quality": QUALITY, "method": 6}, "webp"),
    Format("AVIF", LOW, {"quality": QUALITY, "speed": 6}, "avif"),
    Format("HEIC", LOW, {"quality": QUALITY}, pillow_name=heic.FORMAT),
)


def square(image: Image.Image, side: int) -> Image.Image:
    """Return the middle of the picture as a square of this side; a smaller one is enlarged."""
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return the picture as a file of a format that Pillow names."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def decoded(data: bytes) -> Image.Image:
    """Return the picture that a receiver of the file sees, as RGB."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def missing() -> list[str]:
    """Return the names of the formats that cannot be written here."""
    return [format.name for format in FORMATS if not format.is_available()]


def as_files(image: Image.Image) -> Iterator[Encoding]:
    """Yield the picture raw, and in every format that can be written here."""
    squares = [square(image, side) for side in SIDES]
    yield Encoding("raw RGB", "24 bits a pixel", tuple(map(raw_bits, SIDES)), squares[0])
    for format in FORMATS:
        if format.is_available():
            files = [format.file(each) for each in squares]
            yield Encoding(format.name, format.note, tuple(8 * len(file) for file in files), decoded(files[0]))


# -- the article's thumbnail, which the receiver enlarges


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail's file and how it was made."""

    side: int
    quality: int
    data: bytes


def thumbnail(image: Image.Image) -> Thumbnail | None:
    """Return the WebP thumbnail that comes closest to 580 bytes and is not larger; of two, the one of more pixels.

    None if even the smallest is larger.
    """
    found = [_best_fitting(square(image, side)) for side in THUMBNAIL_SIDES]
    fitting = [each for each in found if each is not None]
    return max(fitting, key=lambda each: (len(each.data), each.side), default=None)


def _best_fitting(small: Image.Image) -> Thumbnail | None:
    """Find the best quality that fits by halving: a file grows with its quality, nearly always."""
    best, low, high = None, WEBP_QUALITIES.start, WEBP_QUALITIES.stop
    while low < high:
        quality = (low + high) // 2
        data = encoded(small, "WebP", quality=quality, method=6)
        if len(data) <= THUMBNAIL_BYTES:
            best, low = Thumbnail(small.width, quality, data), quality + 1
        else:
            high = quality
    return best


def as_thumbnail(image: Image.Image) -> Encoding | None:
    """Return the picture as the thumbnail; None if there is none so small."""
    best = thumbnail(image)
    if best is None:
        return None
    side, size = SIDES[0], len(best.data)
    note = f"{best.side}x{best.side}, quality {best.quality}, {size} bytes"
    shown = decoded(best.data).resize((side, side), Image.Resampling.BICUBIC)
    return Encoding(f"{THUMBNAIL_BYTES}-byte thumbnail", note, (8 * size,) * len(SIDES), shown)


# -- captions


def as_captions(codecs: CaptionCodecs, caption: str, painted: Image.Image | None) -> tuple[Encoding, Encoding]:
    """Return a caption in the article's LZW and in our newest codec, of which the receiver makes `painted`.

    Ours is counted in whole bytes, as a frame carries it.
    """
    theirs, ours = codecs.encode(caption, LZW), codecs.encode(caption, codecs.newest())
    size = len(ours.data)
    note = f"{size} bytes, codec {ours.codec} ({codecs.name(ours.codec)})"
    return (
        Encoding(
            "caption, article's LZW", "spaces lost", _at_any_side(theirs.bits), words=codecs.decode(LZW, theirs.data)
        ),
        Encoding("caption, ours", note, _at_any_side(8 * size), painted, caption),
    )


def _at_any_side(bits: int) -> tuple[int, ...]:
    """Return the bits of a caption, which costs the same however large the picture is."""
    return (bits,) * len(SIDES)
