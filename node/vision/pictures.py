"""Pictures as the node handles them: PIL images in RGB, upright, of a bounded size."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from protocol.errors import NodeError

BITS_PER_PIXEL = 24
"""What a raw RGB pixel costs; the ratio that a call shows is measured against it."""


def raw_bits(image: Image.Image) -> int:
    """The size in bits of the picture with no compression at all."""
    return image.width * image.height * BITS_PER_PIXEL


def read_picture(path: Path) -> Image.Image:
    """The still picture in a file: RGB, turned upright by its EXIF orientation, alpha over white.

    Raises NodeError when the file is missing or holds no picture that Pillow can read.
    """
    try:
        with Image.open(path) as image:
            return to_rgb(ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise NodeError(f"no picture file {str(path)!r}: check the path") from None
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        # Pillow's decoders raise SyntaxError and ValueError, too, on a broken file.
        reason = _reason(error)
        raise NodeError(f"cannot read the picture {str(path)!r} ({reason}): give a PNG or JPEG file") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB; what is transparent becomes white, as it would on paper."""
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    return image.convert("RGB")


def shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    """The picture in RGB with neither side longer than `longest_side` pixels, its shape kept."""
    if max(image.size) > longest_side:
        image = image.copy()
        image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image if image.mode == "RGB" else to_rgb(image)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    return " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
