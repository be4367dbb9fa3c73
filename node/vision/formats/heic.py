"""HEIC, the format of many telephones' photos, through the package `pillow-heif` (the extra `heic`).

FFmpeg takes the tiles of such a photo for separate videos, and would show one of them.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, BinaryIO

from PIL import Image

# Pillow-heif's name of it.
FORMAT = "HEIF"

NOT_INSTALLED = "it is HEIC: pip install 'pictophone[heic]', or give a JPEG file"

# Bytes of the list of brands that are read; files have five or so, of four bytes each.
LONGEST_BRANDS = 256

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_EITHER = frozenset({b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})


def installed() -> bool:
    """Return whether the package is installed."""
    return find_spec("pillow_heif") is not None


def is_heic(start: bytes) -> bool:
    """Return whether a file is HEIC, by its first bytes: its brand is, or it is HEIF and not AVIF."""
    if start[4:8] != b"ftyp":
        return False
    box = start[: min(int.from_bytes(start[:4], "big"), LONGEST_BRANDS)]
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
    return box[8:12] in _HEIC or (box[8:12] in _EITHER and not brands & _AVIF)


def register() -> None:
    """Make Pillow able to write HEIC."""
    import pillow_heif

    pillow_heif.register_heif_opener()


class HeicPicture:
    """The main picture of a HEIC file, with the part of Pillow's interface that opening a picture takes.

    Pillow's plugin would need a second copy of the decoded picture. It is upright already: HEIC has the orientation
    among its own properties, beside which the value in Exif means nothing.
    """

    format = FORMAT

    def __init__(self, file: BinaryIO) -> None:
        import pillow_heif

        file.seek(0)
        pictures = pillow_heif.open_heif(file, convert_hdr_to_8bit=True)
        self._picture: Any = pictures[pictures.primary_index]
        self.size: tuple[int, int] = self._picture.size
        self.mode: str = self._picture.mode
        profile = self._picture.info.get("icc_profile")
        self.info: dict[str, Any] = {"icc_profile": profile} if profile else {}

    def draft(self, mode: str | None, size: tuple[int, int]) -> None:
        """Change nothing: HEIC is only decoded in full."""

    def load(self) -> None:
        """Decode the picture."""
        self._picture.load()
        self.size = self._picture.size

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part of the decoded picture, of its full width."""
        _, top, _, bottom = box
        rows = memoryview(self._picture.data)[top * self._picture.stride : bottom * self._picture.stride]
        size = (self.size[0], bottom - top)
        return Image.frombytes(self.mode, size, bytes(rows), "raw", self.mode, self._picture.stride)
