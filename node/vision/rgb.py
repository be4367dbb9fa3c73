"""Conversion of images to 8-bit sRGB, whatever their mode: transparency, deep grey values, ICC profiles, CIELAB.

Deep grey values, of more than 8 bits, are those of 16-bit scans, medical pictures and height maps. Pillow's own
conversion cuts them off at 255: all but the darkest pixels turn white.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

# Pillow's modes of one channel and more than 8 bits.
DEEP_GREY_MODES = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})

_SIXTEEN_BITS = 65_535.0

# The values that are white by custom. Files of these modes do not say; those of 16 bits always use their full range.
_USUAL_WHITES = {"F": (1.0, 255.0, _SIXTEEN_BITS), "I": (255.0, _SIXTEEN_BITS)}


@dataclass(frozen=True, slots=True)
class GreyRange:
    """The deep grey values that are shown as black and as white."""

    black: float
    white: float


def to_rgb(image: Image.Image, grey_range: GreyRange | None = None) -> Image.Image:
    """Return the image in RGB, with transparent pixels over white.

    `grey_range` is that of the full image, where `image` is a part of a larger one.
    """
    if image.mode in DEEP_GREY_MODES:
        return to_eight_bit(image, grey_range or measure_grey_range([image])).convert("RGB")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    return image.convert("RGB")


def shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    """Return the image in RGB with neither side longer than `longest_side` pixels, its shape unchanged."""
    if image.mode != "RGB":
        image = to_rgb(image)
    if max(image.size) > longest_side:
        image = image.copy()
        image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image (L, RGB or CMYK) in RGB, its colours converted from its ICC profile to sRGB.

    A profile that is broken, or of another kind of image, is ignored.
    """
    with contextlib.suppress(Exception):  # LittleCMS is an optional part of Pillow, and raises errors of many kinds
        if profile:
            from PIL import ImageCms

            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return image if converted is None else converted
    return to_rgb(image)


def lab_to_rgb(image: Image.Image) -> Image.Image:
    """Return a CIELAB image in RGB."""
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


def measure_grey_range(parts: Iterable[Image.Image]) -> GreyRange:
    """Return the range of a deep grey image, given in parts.

    White is the least customary value above all others; where there is none, or where values are negative, the image is
    stretched between its darkest and its brightest value.
    """
    low, high = np.inf, -np.inf
    whites: tuple[float, ...] = ()
    for part in parts:
        if part.mode not in _USUAL_WHITES:
            return GreyRange(0.0, _SIXTEEN_BITS)
        values = _grey_values(part)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        whites = _USUAL_WHITES[part.mode]
    if low > high:
        return GreyRange(0.0, 1.0)
    fitting = [white for white in whites if low >= 0 and high <= white]
    if fitting:
        return GreyRange(0.0, fitting[0])
    return GreyRange(low, high if high > low else float(np.nextafter(low, np.inf)))


def to_eight_bit(image: Image.Image, grey_range: GreyRange) -> Image.Image:
    """Return a deep grey image with 8 bits a pixel (mode L)."""
    with np.errstate(all="ignore"):  # a file of floats may hold NaN and infinity
        scaled = (_grey_values(image) - grey_range.black) * (255.0 / (grey_range.white - grey_range.black))
    rounded = np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255))
    return Image.fromarray(rounded.astype(np.uint8))


def _grey_values(image: Image.Image) -> npt.NDArray[np.float64]:
    """Return the values, (height, width)."""
    return np.asarray(image).astype(np.float64)
