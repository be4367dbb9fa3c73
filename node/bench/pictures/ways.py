"""One way to send a picture, and what it costs beside the raw pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.vision.rgb import BITS_PER_PIXEL

if TYPE_CHECKING:
    from PIL import Image

SIDES = (256, 1024)
"""The squares, in pixels, that the article reckons with."""


def raw_bits(side: int) -> int:
    """The raw RGB square."""
    return side * side * BITS_PER_PIXEL


@dataclass(frozen=True, slots=True)
class Way:
    """A way to send a picture: its bits for a square of each of `SIDES`, and what arrives.

    ``shown`` is the picture as the receiver has it, at the smaller side; None where only ``words`` arrive.
    """

    name: str
    note: str
    bits: tuple[int, ...]
    shown: Image.Image | None = None
    words: str = ""

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times smaller than raw, for each of `SIDES`."""
        return tuple(raw_bits(side) / max(1, bits) for side, bits in zip(SIDES, self.bits, strict=True))


def as_ratio(ratio: float) -> str:
    """The ratio as the article writes it."""
    return f"{ratio:,.0f}:1" if ratio >= 10 else f"{ratio:.1f}:1"
