"""Colours by a picture's ICC profile: what Display P3, Adobe RGB or a printer's CMYK means is brought to sRGB."""

from __future__ import annotations

import contextlib
import io

from PIL import Image

from node.vision.rgb import to_rgb


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture (L, RGB or CMYK) in RGB, its colours as the profile means them.

    A profile that is broken, or of another kind of picture, is as good as none.
    """
    with contextlib.suppress(Exception):  # LittleCMS is an optional part of Pillow, and raises errors of many kinds
        if profile:
            from PIL import ImageCms

            meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(meant).lower():
                converted = ImageCms.profileToProfile(image, meant, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return image if converted is None else converted
    return to_rgb(image)


def from_lab(image: Image.Image) -> Image.Image:
    """Return a CIELAB picture in RGB."""
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted
