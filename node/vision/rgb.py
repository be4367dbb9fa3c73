"""Pictures as the node handles them: PIL images in RGB, upright, of a bounded size."""

from __future__ import annotations

from PIL import Image

from node.vision import tone_mapping

BITS_PER_PIXEL = 24
"""What a raw RGB pixel costs; the ratio that a call shows is measured against it."""


def raw_bits(image: Image.Image) -> int:
    """The size in bits of the picture with no compression at all."""
    return image.width * image.height * BITS_PER_PIXEL


def to_rgb(image: Image.Image, span: tone_mapping.Span | None = None) -> Image.Image:
    """The picture in RGB; what is transparent becomes white, as it would on paper.

    `span` holds the deep grey values that are black and white, where the picture is a part of a larger one.
    """
    if image.mode in tone_mapping.DEEP:
        return tone_mapping.eight_bit(image, span or tone_mapping.span_of([image])).convert("RGB")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    return image.convert("RGB")


def shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    """The picture in RGB with neither side longer than `longest_side` pixels, its shape kept."""
    if image.mode != "RGB":
        image = to_rgb(image)
    if max(image.size) > longest_side:
        image = image.copy()
        image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image
