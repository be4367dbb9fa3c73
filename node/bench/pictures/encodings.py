"""A picture as a file: raw, PNG, and JPEG, WebP, AVIF and HEIC at the low quality of whoever counts bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, features

from node.bench.pictures.ways import SIDES, Way, raw_bits
from node.vision.formats import heic

QUALITY = 10  # of 100: blocks and smears are plain to see, and what is shown can still be told


@dataclass(frozen=True, slots=True)
class Format:
    """A file format, and how it is asked to be small.

    ``feature`` is what Pillow must be built with, ``pillow_name`` what Pillow calls the format if not by its name.
    """

    name: str
    note: str
    options: dict[str, Any]
    feature: str | None = None
    pillow_name: str | None = None

    def here(self) -> bool:
        """Whether it can be written here."""
        if self.pillow_name == heic.FORMAT:
            return heic.installed()
        return self.feature is None or bool(features.check(self.feature))

    def file(self, image: Image.Image) -> bytes:
        """The picture as a file of this format."""
        if self.pillow_name == heic.FORMAT:
            heic.register()
        return written(image, self.pillow_name or self.name, **self.options)


LOW = f"quality {QUALITY}"
FORMATS = (
    Format("PNG", "lossless", {"optimize": True}),
    Format("JPEG", LOW, {"quality": QUALITY, "optimize": True}, "jpg"),
    Format("WebP", LOW, {"quality": QUALITY, "method": 6}, "webp"),
    Format("AVIF", LOW, {"quality": QUALITY, "speed": 6}, "avif"),
    Format("HEIC", LOW, {"quality": QUALITY}, pillow_name=heic.FORMAT),
)


def square(image: Image.Image, side: int) -> Image.Image:
    """The middle of the picture as a square of this side; a smaller one is enlarged."""
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def written(image: Image.Image, format: str, **options: Any) -> bytes:
    """The bytes of the file."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def read(data: bytes) -> Image.Image:
    """The picture that a receiver of the file sees."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def missing() -> list[str]:
    """The formats that cannot be written here."""
    return [format.name for format in FORMATS if not format.here()]


def ways(image: Image.Image) -> Iterator[Way]:
    """The picture raw, and in every format that can be written here."""
    squares = [square(image, side) for side in SIDES]
    yield Way("raw RGB", "24 bits a pixel", tuple(map(raw_bits, SIDES)), squares[0])
    for format in FORMATS:
        if format.here():
            files = [format.file(each) for each in squares]
            yield Way(format.name, format.note, tuple(8 * len(file) for file in files), read(files[0]))
