"""Decoding of picture files: upright, RGB, and shrunk on the way, so that a photo of any size takes little memory.

JPEG is decoded at an eighth, a quarter or half of its size. Formats that can only be decoded in full are shrunk strip
by strip, and refused before they are decoded if even that would take more than MOST_BYTES.
"""

from __future__ import annotations

import contextlib
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from PIL import Image, ImageOps

from node.common.regular_files import open_regular
from node.vision.formats import heic, webp
from node.vision.rgb import DEEP_GREY_MODES, GreyRange, lab_to_rgb, measure_grey_range, to_eight_bit, to_rgb, to_srgb
from protocol.errors import NodeError

# Pillow warns of broken Exif data in files that it reads all the same: a user can do nothing about it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Pixels. Captioners use 768 at most, a page shows a thousand or two.
LONGEST_SIDE = 2048

# What decoding a picture may take, which with the rest of a node stays within 300 MB: 53 megapixels of PNG, or the 48
# of a telephone's HEIC.
MOST_BYTES = 224_000_000

# Seconds that a command waits for a picture: a large one comes slowly from a slow disk, and never from a lost one.
MAX_WAIT = 60.0

# Rows shrunk at a time: a few megabytes of a wide picture.
STRIP_ROWS = 256

# Tried in this order, each by a file's first bytes. Left out are formats that Pillow hands to other programs
# (PostScript), and those that are no pictures.
FORMATS = (
    "JPEG", "PNG", "WEBP", "AVIF", heic.FORMAT, "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "ICO", "PCX", "QOI", "SGI",
    "PSD", "DDS",
)  # fmt: skip

# Formats in which several pictures are an animation; in others they are pages, or one scene seen twice.
ANIMATED_FORMATS = frozenset({"GIF", "WEBP", "PNG", "AVIF"})

# What Pillow stores of a decoded picture, by its mode; 4 of any other.
BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}

# What the decoders take on top until they are done, as measured by scripts/bench_files.py.
EXTRA_BYTES_PER_PIXEL = {
    "WEBP": 13, webp.LOSSY: -1.5, webp.LOSSLESS: 5, "AVIF": 6, "JPEG2000": 16, "QOI": 4, "TIFF": 0.5, heic.FORMAT: 0.5,
}  # fmt: skip

# Of a progressive JPEG's coefficients, all of which stay in memory until the last scan.
COEFFICIENT_BYTES = 2

# At the start of a file: they show its format.
START_BYTES = heic.LONGEST_BRANDS

# Where Pillow stores a picture's orientation.
ORIENTATION_KEYS = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """The properties of a picture file before decoding; `animated` if it has several frames of an animation."""

    format: str
    size: tuple[int, int]
    animated: bool


class _Picture(Protocol):
    """A picture that is not decoded yet: the part of Pillow's Image that is needed here."""

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def mode(self) -> str: ...
    @property
    def format(self) -> str | None: ...
    @property
    def info(self) -> dict[Any, Any]: ...
    def draft(self, mode: str | None, size: tuple[int, int], /) -> Any: ...
    def load(self) -> Any: ...
    def crop(self, box: tuple[int, int, int, int], /) -> Image.Image: ...


def open_small(source: Path | BinaryIO, longest: int = LONGEST_SIDE, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Open a still picture: RGB, 8 bits a channel, upright, over white, neither side longer than `longest` pixels.

    Of a file with several pictures it is the first. `formats` are Pillow's names of those that may be tried.
    Raises NodeError of one line if the file is no picture, is broken, or would take too much memory.
    """
    with _opened(source) as (file, name), _one_line(name):
        return _small(_identified(file, name, formats), file, name, longest)


def read_header(path: Path) -> PictureHeader | None:
    """Return the properties of a picture without decoding it; None if the file is no still picture.

    Raises NodeError if it cannot be opened, or is HEIC and there is no package for it.
    """
    with _opened(path) as (file, name):
        try:
            with _one_line(name):
                picture = _identified(file, name, FORMATS)
        except UnknownFormat:
            return None
        kind = picture.format or ""
        return PictureHeader(kind, picture.size, kind in ANIMATED_FORMATS and getattr(picture, "n_frames", 1) > 1)


class UnknownFormat(NodeError):
    """The file is no picture of a known format."""


@contextlib.contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[tuple[BinaryIO, str]]:
    if not isinstance(source, Path):
        yield source, "that was sent"
        return
    try:
        file = open_regular(source)
    except NodeError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NodeError(f"no picture file {str(source)!r}: check the path") from None
        raise _unreadable(repr(str(source)), str(error)) from error
    with file:
        yield file, repr(str(source))


@contextlib.contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Turn any error into a NodeError of one line. On broken bytes Pillow's readers raise errors of any kind."""
    try:
        yield
    except NodeError:
        raise
    except Exception as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
        raise _unreadable(name, reason) from error


def _unreadable(name: str, reason: str) -> NodeError:
    return NodeError(f"cannot read the picture {name} ({reason}): give a PNG or JPEG file")


def _identified(file: BinaryIO, name: str, formats: tuple[str, ...]) -> _Picture:
    """Return the picture, not decoded yet. Image.open would bound its pixels; `_check_size` bounds the memory."""
    file.seek(0)
    start = file.read(START_BYTES)
    if heic.is_heic(start) and heic.FORMAT in formats:
        if not heic.installed():
            raise NodeError(f"cannot read the picture {name}: {heic.NOT_INSTALLED}")
        return heic.HeicPicture(file)
    Image.init()
    for kind in formats:
        factory, accepts = Image.OPEN.get(kind, (None, None))
        if factory is not None and (accepts is None or accepts(start[:16]) is True):
            file.seek(0)
            with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):
                return factory(file, "")
    raise UnknownFormat(f"cannot read the picture {name} (not a picture): give a PNG or JPEG file")


def _small(picture: _Picture, file: BinaryIO, name: str, longest: int) -> Image.Image:
    full_size = picture.size
    animated = getattr(picture, "is_animated", False)
    if picture.format == "WEBP" and not animated and _needed(picture, full_size) > MOST_BYTES:
        picture = webp.WebpPicture(file, picture)
    picture.draft(None, _fitted(full_size, longest))
    _check_size(picture, full_size, name)
    picture.load()
    wanted = _fitted(picture.size, longest)
    factor = max(1, min(picture.size[0] // wanted[0], picture.size[1] // wanted[1]))
    coarse = _reduced(picture, factor)
    if coarse.size != wanted:
        exact = (0.0, 0.0, picture.size[0] / factor, picture.size[1] / factor)
        coarse = coarse.resize(wanted, Image.Resampling.LANCZOS, box=exact)
    return _upright(to_srgb(coarse, picture.info.get("icc_profile")), picture)


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the size shrunk, in its shape, until neither side is longer."""
    over = max(*size, longest) / longest
    return max(1, round(size[0] / over)), max(1, round(size[1] / over))


def _check_size(picture: _Picture, full_size: tuple[int, int], name: str) -> None:
    """Raise NodeError if decoding would take too much memory. `full_size` is the size before the draft."""
    needed = _needed(picture, full_size)
    if needed > MOST_BYTES:
        width, height = full_size
        raise NodeError(
            f"cannot read the picture {name} ({width} x {height} pixels would take {needed // 1_000_000} MB): "
            "make it smaller, or save it as an ordinary JPEG file"
        )


def _needed(picture: _Picture, full_size: tuple[int, int]) -> int:
    """Return how many bytes decoding takes."""
    per_pixel = BYTES_PER_PIXEL.get(picture.mode, 4) + EXTRA_BYTES_PER_PIXEL.get(picture.format or "", 0)
    return int(picture.size[0] * picture.size[1] * per_pixel) + _coefficients(picture, full_size)


def _coefficients(picture: _Picture, full_size: tuple[int, int]) -> int:
    """Return how many bytes of coefficients a progressive JPEG takes; 0 for others."""
    layers = getattr(picture, "layer", None)
    if not layers or not picture.info.get("progressive"):
        return 0
    most = max(across for _, across, _, _ in layers) * max(down for _, _, down, _ in layers)
    samples = sum(across * down for _, across, down, _ in layers) / max(1, most)
    return int(full_size[0] * full_size[1] * samples * COEFFICIENT_BYTES)


def _reduced(picture: _Picture, factor: int) -> Image.Image:
    """Return the decoded picture in L, RGB or CMYK, each pixel the mean of `factor` by `factor` of its own."""
    height = picture.size[1]
    grey_range = measure_grey_range(_strips(picture, 1)) if picture.mode in DEEP_GREY_MODES else None
    reduced: Image.Image | None = None
    top = 0
    for strip in _strips(picture, factor):
        part = _plain(strip, grey_range).reduce(factor)
        if reduced is None:
            reduced = Image.new(part.mode, (part.width, -(-height // factor)))
        reduced.paste(part, (0, top))
        top += part.height
    assert reduced is not None
    return reduced


def _strips(picture: _Picture, factor: int) -> Iterator[Image.Image]:
    """Yield the picture in strips of its full width, each of a height that the factor divides."""
    width, height = picture.size
    rows = factor * max(1, STRIP_ROWS // factor)
    for top in range(0, height, rows):
        yield picture.crop((0, top, width, min(height, top + rows)))


def _plain(strip: Image.Image, grey_range: GreyRange | None) -> Image.Image:
    """Return the strip in a mode that pixels can be averaged in and an ICC profile applies to."""
    if strip.mode == "LAB":
        return lab_to_rgb(strip)
    if grey_range is not None:
        return to_eight_bit(strip, grey_range)
    if strip.mode == "1":
        return strip.convert("L")
    if strip.mode in ("L", "RGB", "CMYK") and not strip.has_transparency_data:
        return strip
    return to_rgb(strip)


def _upright(small: Image.Image, picture: _Picture) -> Image.Image:
    """Return the small picture turned by its file's orientation, as it is if the Exif part is broken."""
    small.info = {key: picture.info[key] for key in ORIENTATION_KEYS if key in picture.info}
    with contextlib.suppress(Exception):
        small = ImageOps.exif_transpose(small)
    small.info = {}
    return small
