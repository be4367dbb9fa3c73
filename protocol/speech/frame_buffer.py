"""Received frames that wait to be played, in the order of their timestamps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.speech import high_band
from protocol.speech.high_band import Gains
from protocol.speech.opus_packet import SAMPLES_PER_MS, OpusPacket

__all__ = ["Frame", "FrameBuffer", "frames_of", "frames_of_copy"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as a packet of its own, the unwrapped numbers it came with, its length, its arrival.

    `is_copy` means that its own packet may be lost: then the frames beside it are, too. `gains` are those of the high
    band, if the packet brought any.
    """

    packet: bytes
    number: int
    timestamp: int
    samples: int
    arrived_ms: float
    is_copy: bool = False
    gains: Gains | None = None

    @property
    def end(self) -> int:
        """The timestamp of what follows."""
        return self.timestamp + self.samples


def frames_of(packet: OpusPacket, number: int, timestamp: int, arrived_ms: float) -> list[Frame]:
    """Take a bundle apart."""
    samples = int(packet.frame_ms * SAMPLES_PER_MS)
    return [
        Frame(bytes([packet.toc]) + data, number, timestamp + index * samples, samples, arrived_ms, gains=gains)
        for index, (data, gains) in enumerate(zip(packet.frames, high_band.gains_of(packet), strict=True))
    ]


def frames_of_copy(copy: OpusPacket, offset: int, beside: Frame, packet_samples: int) -> list[Frame]:
    """Take apart a copy that came with the packet of `packet_samples` that begins with the frame `beside`.

    A copy does not say which packet its frames were in; of packets as long as this one, it is so many back.
    """
    frames = frames_of(copy, beside.number, beside.timestamp - offset, beside.arrived_ms)
    return [
        replace(frame, number=beside.number + (frame.timestamp - beside.timestamp) // packet_samples, is_copy=True)
        for frame in frames
    ]


class FrameBuffer:
    """Waiting frames by timestamp. Its owner bounds it: it holds all frames that were put in and not taken out."""

    def __init__(self) -> None:
        self._frames: dict[int, Frame] = {}

    @property
    def milliseconds(self) -> float:
        """How much sound waits."""
        return sum(frame.samples for frame in self._frames.values()) / SAMPLES_PER_MS

    @property
    def first(self) -> Frame | None:
        """The frame to be played first."""
        return self._frames[min(self._frames)] if self._frames else None

    def put(self, frame: Frame) -> bool:
        """Add a frame, unless there is one of its timestamp; tell whether it was added."""
        return self._frames.setdefault(frame.timestamp, frame) is frame

    def pop(self) -> Frame:
        """Take the first frame out. There must be one."""
        return self._frames.pop(min(self._frames))
