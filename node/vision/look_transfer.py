"""Looks of pictures: encoding a snapshot's look in a few bytes, and applying a look to another picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from protocol import look

NO_LOOK = b""

# RGB, (height, width, 3), 0 to 255 or differences of such.
Levels = npt.NDArray[np.float32]


def encode_look(snapshot: Image.Image, size: int) -> bytes:
    """Encode the look of a snapshot of any shape in `size` bytes; 0 gives NO_LOOK."""
    if size == 0:
        return NO_LOOK
    pixels = snapshot.convert("RGB").resize((look.GRID, look.GRID), Image.Resampling.BOX)
    return look.encode(pixels.tobytes(), size)


def apply_look(picture: Image.Image, coded: bytes) -> Image.Image:
    """Return the RGB picture with its colours shifted smoothly by the difference from its own look to the one given.

    A picture of this look is not changed. Raises LookError if `coded` is no look.
    """
    gap = _levels(coded) - _levels(encode_look(picture, len(coded)))
    channels = [Image.fromarray(gap[..., channel]) for channel in range(3)]
    shifts = [np.asarray(channel.resize(picture.size, Image.Resampling.BICUBIC)) for channel in channels]
    shifted = np.asarray(picture, dtype=np.float32) + np.stack(shifts, axis=-1)
    return Image.fromarray(np.clip(np.rint(shifted), 0, 255).astype(np.uint8))


def _levels(coded: bytes) -> Levels:
    pixels = np.frombuffer(look.decode(coded), dtype=np.uint8)
    return pixels.reshape(look.GRID, look.GRID, 3).astype(np.float32)
