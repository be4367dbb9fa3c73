"""Counts of one node's pictures in a call, sent and received."""

from __future__ import annotations

from dataclasses import dataclass

# The one base of every ratio that is shown, whatever a camera takes or a generator paints: the article's, a picture of
# 256 x 256 pixels of 24 bits. A larger one would flatter the words.
RAW_SIDE, BITS_PER_PIXEL = 256, 24
RAW_BITS = RAW_SIDE * RAW_SIDE * BITS_PER_PIXEL
RAW_WHAT = f"a raw picture of {RAW_SIDE} x {RAW_SIDE} pixels of {BITS_PER_PIXEL} bits"


@dataclass(slots=True)
class PicturesOut:
    """Counts of the pictures that were captioned and sent."""

    captioned: int = 0
    sent: int = 0
    caption_bits: int = 0
    frame_bytes: int = 0
    wire_bytes: int = 0
    raw_bits: int = 0
    last_caption: str = ""
    last_bits: int = 0
    look_bits: int = 0

    def add(
        self, caption: str, bits: int, frame_bytes: int, wire_bytes: int, raw_bits: int, look_bits: int = 0
    ) -> None:
        """Count one picture frame that was handed to MQTT."""
        self.sent += 1
        self.caption_bits += bits
        self.look_bits += look_bits
        self.frame_bytes += frame_bytes
        self.wire_bytes += wire_bytes
        self.raw_bits += raw_bits
        self.last_caption, self.last_bits = caption, bits

    @property
    def ratio(self) -> float | None:
        """Bits of the raw pictures against bits of their coded captions, the article's measure, and of their looks."""
        coded = self.caption_bits + self.look_bits
        return self.raw_bits / coded if coded else None

    @property
    def wire_ratio(self) -> float | None:
        """Bits of the raw pictures against all that pictures took on the wire, frames that say "still so" included."""
        return self.raw_bits / (8 * self.wire_bytes) if self.wire_bytes and self.raw_bits else None


@dataclass(slots=True)
class PicturesIn:
    """Counts of the pictures that were painted from received captions. `received` is for the caption reader."""

    received: int = 0
    painted: int = 0
    first_painted_at: float | None = None
    last_caption: str = ""
