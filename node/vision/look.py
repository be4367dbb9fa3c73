"""Looks and pictures: from a snapshot to the few bytes of its look, and from those back to a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from protocol import look

NO_LOOK = b""

Levels = npt.NDArray[np.float32]
"""RGB, row by row, (height, width, 3), 0 to 255 or differences of such."""


def encode_look(snapshot: Image.Image, size: int) -> bytes:
    """The snapshot's look of `size` bytes, whatever its shape; none for a size of 0."""
    if size == 0:
        return NO_LOOK
    pixels = snapshot.convert("RGB").resize((look.GRID, look.GRID), Image.Resampling.BOX)
    return look.encode(pixels.tobytes(), size)


def apply_look(picture: Image.Image, coded: bytes) -> Image.Image:
    """The RGB picture with its colours moved, smoothly, by what its own look lacks of the one given.

    A picture that has this look already stays as it is. Raises LookError.
    """
    gap = _levels(coded) - _levels(encode_look(picture, len(coded)))
    channels = [Image.fromarray(gap[..., channel]) for channel in range(3)]
    smooth = [np.asarray(channel.resize(picture.size, Image.Resampling.BICUBIC)) for channel in channels]
    moved = np.asarray(picture, dtype=np.float32) + np.stack(smooth, axis=-1)
    return Image.fromarray(np.clip(np.rint(moved), 0, 255).astype(np.uint8))


def _levels(coded: bytes) -> Levels:
    pixels = np.frombuffer(look.decode(coded), dtype=np.uint8)
    return pixels.reshape(look.GRID, look.GRID, 3).astype(np.float32)
