"""Counts of one node's pictures in a call, sent and received."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(slots=True)
class PicturesIn:
    """Counts of the pictures that were painted from received captions. `received` is for the caption reader."""

    received: int = 0
    painted: int = 0
    first_painted_at: float | None = None
    last_caption: str = ""
