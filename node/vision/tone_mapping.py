"""Grey values of more than 8 bits, as 16-bit scans, medical pictures and height maps have them, brought down to 8.

Pillow's own conversion cuts them off at 255: all but the darkest pixels turn white.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

DEEP = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})
"""Pillow's modes of one channel and more than 8 bits."""

_SIXTEEN_BITS = 65_535.0
_USUAL_TOPS = {"F": (1.0, 255.0, _SIXTEEN_BITS), "I": (255.0, _SIXTEEN_BITS)}
"""What white is by custom. The files of these modes do not say; those of 16 bits always mean all of their range."""


@dataclass(frozen=True, slots=True)
class Span:
    """The values that are shown as black and as white."""

    black: float
    white: float


def span_of(parts: Iterable[Image.Image]) -> Span:
    """Return what is black and white in a deep grey picture, given in parts.

    White is the least customary top above all values; where there is none, or where values are negative, the picture
    is stretched between its darkest and its brightest value.
    """
    low, high = np.inf, -np.inf
    tops: tuple[float, ...] = ()
    for part in parts:
        if part.mode not in _USUAL_TOPS:
            return Span(0.0, _SIXTEEN_BITS)
        values = _values(part)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        tops = _USUAL_TOPS[part.mode]
    if low > high:
        return Span(0.0, 1.0)
    fitting = [top for top in tops if low >= 0 and high <= top]
    return Span(0.0, fitting[0]) if fitting else Span(low, high if high > low else float(np.nextafter(low, np.inf)))


def eight_bit(image: Image.Image, span: Span) -> Image.Image:
    """Return a deep grey picture with 8 bits a pixel (mode L)."""
    with np.errstate(all="ignore"):  # NaN and infinity may stand in a file of floats
        scaled = (_values(image) - span.black) * (255.0 / (span.white - span.black))
    whole = np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255))
    return Image.fromarray(whole.astype(np.uint8))


def _values(image: Image.Image) -> npt.NDArray[np.float64]:
    """The values as (height, width)."""
    return np.asarray(image).astype(np.float64)
