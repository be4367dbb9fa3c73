"""Looks and pictures: from a snapshot to the few bytes of its look, and from those to a coarse picture."""

from __future__ import annotations

from PIL import Image

from protocol import look

NO_LOOK = b""


def look_of(snapshot: Image.Image, size: int) -> bytes:
    """The snapshot's look of `size` bytes, whatever its shape; none for a size of 0."""
    if size == 0:
        return NO_LOOK
    pixels = snapshot.convert("RGB").resize((look.GRID, look.GRID), Image.Resampling.BOX)
    return look.encode(pixels.tobytes(), size)


def picture_of(coded: bytes, side: int) -> Image.Image:
    """The look as a smooth RGB picture of `side` x `side`. Raises LookError."""
    pixels = Image.frombytes("RGB", (look.GRID, look.GRID), look.decode(coded))
    return pixels.resize((side, side), Image.Resampling.BICUBIC)
