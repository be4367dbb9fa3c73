"""Picture files opened: upright, RGB, and shrunk while they are decoded, so that a photo of any size takes little room.

JPEG is decoded at an eighth, a quarter or half of its size. What can only be decoded as a whole is brought down strip
by strip, and refused before it is decoded where even that would take more than MOST_BYTES.
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
from node.vision import heic, icc, tone_mapping, webp
from node.vision.rgb import to_rgb
from protocol.errors import NodeError

# What Pillow remarks about a file that it then reads all the same (broken Exif data) nobody can do anything about.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

LONGEST_SIDE = 2048
"""Pixels. Captioners look at 768 at most, a page shows a thousand or two."""

MOST_BYTES = 224_000_000
"""What decoding a picture may take, which with the rest of a node stays within 300 MB: 53 megapixels of PNG, or the 48
of a telephone's HEIC."""

MAX_WAIT = 60.0
"""Seconds that a command waits for a picture: a large one comes slowly from a slow disk, and never from a lost one."""

STRIP_ROWS = 256
"""Rows brought down at a time: a few megabytes of a wide picture."""

FORMATS = (
    "JPEG", "PNG", "WEBP", "AVIF", heic.FORMAT, "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "ICO", "PCX", "QOI", "SGI",
    "PSD", "DDS",
)  # fmt: skip
"""What is tried, by its first bytes. Left out are formats that Pillow hands to other programs (PostScript), and those
that are no pictures."""

MOVING_FORMATS = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
"""In which several pictures are an animation; in others they are pages, or one scene seen twice."""

BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""What Pillow keeps of a decoded picture, by its mode; 4 of any other."""

EXTRA_BYTES_PER_PIXEL = {
    "WEBP": 13, webp.LOSSY: -1.5, webp.LOSSLESS: 5, "AVIF": 6, "JPEG2000": 16, "QOI": 4, "TIFF": 0.5, heic.FORMAT: 0.5,
}  # fmt: skip
"""What the decoders take on top until they are done, as measured (see scripts/bench_files.py)."""

COEFFICIENT_BYTES = 2
"""A progressive JPEG's, of which all are kept until the last scan."""

START_BYTES = heic.LONGEST_BRANDS
"""By which a file's format is known."""

ORIENTATION_KEYS = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")
"""Where Pillow keeps what says how a picture is turned."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file says before it is decoded. `moves` tells of frames to be seen one after the other."""

    format: str
    size: tuple[int, int]
    moves: bool


class _Picture(Protocol):
    """A picture that is not decoded yet: as much of Pillow's Image as is needed here."""

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
    Raises NodeError with one line when it is none, is broken, or would take too much memory.
    """
    with _opened(source) as (file, name), _one_line(name):
        return _small(_identified(file, name, formats), file, name, longest)


def header(path: Path) -> Header | None:
    """Return what a file says before it is decoded; None if it is no still picture.

    Raises NodeError if it cannot be opened, or is HEIC and there is no package for it.
    """
    with _opened(path) as (file, name):
        try:
            with _one_line(name):
                picture = _identified(file, name, FORMATS)
        except UnknownFormat:
            return None
        kind = picture.format or ""
        return Header(kind, picture.size, kind in MOVING_FORMATS and getattr(picture, "n_frames", 1) > 1)


class UnknownFormat(NodeError):
    """A file is no picture that can be read."""


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
    """Turn what is raised into one line. On broken bytes Pillow's readers raise errors of any kind."""
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
    """Return the picture, not decoded yet. Image.open would bound its pixels; here `_check_size` bounds the memory."""
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
    whole = picture.size
    if picture.format == "WEBP" and _needed(picture, whole) > MOST_BYTES and not getattr(picture, "is_animated", False):
        picture = webp.WebpPicture(file, picture)
    picture.draft(None, _fitted(whole, longest))
    _check_size(picture, whole, name)
    picture.load()
    wanted = _fitted(picture.size, longest)
    factor = max(1, min(picture.size[0] // wanted[0], picture.size[1] // wanted[1]))
    coarse = _reduced(picture, factor)
    if coarse.size != wanted:
        exact = (0.0, 0.0, picture.size[0] / factor, picture.size[1] / factor)
        coarse = coarse.resize(wanted, Image.Resampling.LANCZOS, box=exact)
    return _upright(icc.to_srgb(coarse, picture.info.get("icc_profile")), picture)


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the size shrunk, in its shape, until neither side is longer."""
    over = max(*size, longest) / longest
    return max(1, round(size[0] / over)), max(1, round(size[1] / over))


def _check_size(picture: _Picture, whole: tuple[int, int], name: str) -> None:
    """Raise NodeError if decoding would take too much memory. `whole` is the size before the draft."""
    needed = _needed(picture, whole)
    if needed > MOST_BYTES:
        raise NodeError(
            f"cannot read the picture {name} ({whole[0]} x {whole[1]} pixels would take {needed // 1_000_000} MB): "
            "make it smaller, or save it as an ordinary JPEG file"
        )


def _needed(picture: _Picture, whole: tuple[int, int]) -> int:
    """Return how many bytes decoding takes."""
    kept = BYTES_PER_PIXEL.get(picture.mode, 4) + EXTRA_BYTES_PER_PIXEL.get(picture.format or "", 0)
    return int(picture.size[0] * picture.size[1] * kept) + _coefficients(picture, whole)


def _coefficients(picture: _Picture, whole: tuple[int, int]) -> int:
    """Return how many bytes of coefficients a progressive JPEG keeps; 0 for others."""
    layers = getattr(picture, "layer", None)
    if not layers or not picture.info.get("progressive"):
        return 0
    most = max(across for _, across, _, _ in layers) * max(down for _, _, down, _ in layers)
    samples = sum(across * down for _, across, down, _ in layers) / max(1, most)
    return int(whole[0] * whole[1] * samples * COEFFICIENT_BYTES)


def _reduced(picture: _Picture, factor: int) -> Image.Image:
    """Return the decoded picture in L, RGB or CMYK, each pixel the mean of `factor` by `factor` of its own."""
    height = picture.size[1]
    span = tone_mapping.span_of(_strips(picture, 1)) if picture.mode in tone_mapping.DEEP else None
    reduced: Image.Image | None = None
    top = 0
    for strip in _strips(picture, factor):
        part = _plain(strip, span).reduce(factor)
        if reduced is None:
            reduced = Image.new(part.mode, (part.width, -(-height // factor)))
        reduced.paste(part, (0, top))
        top += part.height
    assert reduced is not None
    return reduced


def _strips(picture: _Picture, factor: int) -> Iterator[Image.Image]:
    """Yield the picture in strips of its whole width, each of a height that the factor divides."""
    width, height = picture.size
    rows = factor * max(1, STRIP_ROWS // factor)
    for top in range(0, height, rows):
        yield picture.crop((0, top, width, min(height, top + rows)))


def _plain(strip: Image.Image, span: tone_mapping.Span | None) -> Image.Image:
    """Return the strip in a mode whose pixels have a mean and an ICC profile a meaning."""
    if strip.mode == "LAB":
        return icc.from_lab(strip)
    if span is not None:
        return tone_mapping.eight_bit(strip, span)
    if strip.mode == "1":
        return strip.convert("L")
    if strip.mode in ("L", "RGB", "CMYK") and not strip.has_transparency_data:
        return strip
    return to_rgb(strip)


def _upright(small: Image.Image, picture: _Picture) -> Image.Image:
    """Return the small picture turned as the file says, which in a broken Exif part it does not."""
    small.info = {key: picture.info[key] for key in ORIENTATION_KEYS if key in picture.info}
    with contextlib.suppress(Exception):
        small = ImageOps.exif_transpose(small)
    small.info = {}
    return small
