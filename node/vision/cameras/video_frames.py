"""Conversion of video frames to pictures: small, upright, with square pixels and in sRGB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from node.vision.cameras import hdr
from node.vision.images import LONGEST_SIDE

if TYPE_CHECKING:
    from fractions import Fraction

    from av import VideoFrame

# How many times a pixel may be wider than high, or higher than wide: more is damage. The widest in use is 2.67.
WIDEST_PIXEL = 4.0


def to_picture(frame: VideoFrame, pixel_shape: Fraction | None, longest: int = LONGEST_SIDE) -> Image.Image:
    """Return the frame as an upright RGB picture, neither side longer than `longest`.

    `pixel_shape` is a pixel's width divided by its height; None means square. Raises av's FFmpegError or ValueError if
    the frame cannot be converted.
    """
    if hdr.is_hdr(frame.color_trc):
        width, height = _shown_size(frame, pixel_shape, min(longest, hdr.LONGEST_SIDE))
        deep = frame.reformat(width=width, height=height, format="rgb48le").to_ndarray()
        image = Image.fromarray(hdr.to_sdr(deep, frame.color_trc))
    else:
        width, height = _shown_size(frame, pixel_shape, longest)
        image = Image.fromarray(frame.reformat(width=width, height=height, format="rgb24").to_ndarray())
    turn = _turn(frame)
    return image if turn is None else image.transpose(turn)


def _shown_size(frame: VideoFrame, pixel_shape: Fraction | None, longest: int) -> tuple[int, int]:
    wide = float(pixel_shape or 1)
    wide = wide if 1 / WIDEST_PIXEL <= wide <= WIDEST_PIXEL else 1.0
    width, height = frame.width * wide, float(frame.height)
    over = max(width, height, longest) / longest
    return max(1, round(width / over)), max(1, round(height / over))


def _turn(frame: VideoFrame) -> Image.Transpose | None:
    """Return the transposition that makes the frame upright, by the matrix that cameras write beside it."""
    try:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # FFmpeg has side data that PyAV does not know
        return _by_angle(frame.rotation)
    if matrix is None:
        return None
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _STRAIGHT[a < 0, d < 0]
    return _CROSSED[b < 0, c < 0]


# By whether x and y run backwards. A matrix maps (x, y) to (ax + cy, bx + dy).
_STRAIGHT = {
    (False, False): None,
    (True, False): Image.Transpose.FLIP_LEFT_RIGHT,
    (False, True): Image.Transpose.FLIP_TOP_BOTTOM,
    (True, True): Image.Transpose.ROTATE_180,
}

# The same where x and y change places, by whether b and c are negative.
_CROSSED = {
    (False, False): Image.Transpose.TRANSPOSE,
    (False, True): Image.Transpose.ROTATE_270,
    (True, False): Image.Transpose.ROTATE_90,
    (True, True): Image.Transpose.TRANSVERSE,
}


def _by_angle(degrees: int) -> Image.Transpose | None:
    """Return the turn that comes closest to an angle, anticlockwise."""
    turns = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    return turns[round(degrees / 90) % 4]
