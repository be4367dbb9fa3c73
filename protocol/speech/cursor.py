"""The position of playout in a stream."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from protocol.speech import opus_packet
from protocol.speech.frame_buffer import Frame
from protocol.speech.opus_packet import SAMPLES_PER_MS

__all__ = ["Cursor"]

# A sound card asks in fits and starts: the earliest of so many frames, about a second, is to meet the target.
JUDGED_FRAMES = 16


@dataclass(slots=True)
class Cursor:
    """The position between what was played last and what is to be played next."""

    started: bool = False
    # The timestamp to be played next, and the sequence number played last.
    timestamp: int = 0
    number: int = 0
    # Playing frame after frame; otherwise waiting for the first, or for the first after a silence.
    running: bool = False
    # Of the frame played last.
    frame_ms: float = 0.0
    was_dtx: bool = False
    was_copy: bool = False
    # How long the cursor has waited for frames, and how much of that was concealed.
    waited_ms: float = 0.0
    concealed_ms: float = 0.0
    # The latest transits of what was played, each from the sender's timestamp to its playing.
    transits_ms: deque[float] = field(default_factory=lambda: deque(maxlen=JUDGED_FRAMES))

    def pass_by(self, frame: Frame) -> None:
        """Move behind a frame that was played or dropped."""
        self.started = True
        self.timestamp = frame.end
        self.number = frame.number
        self.frame_ms = frame.samples / SAMPLES_PER_MS
        self.was_copy = frame.is_copy
        self.was_dtx = opus_packet.is_dtx(frame.packet)

    def shift(self, ms: float) -> None:
        """Count everything that was played as played this much later, since what follows will be."""
        for index, transit_ms in enumerate(self.transits_ms):
            self.transits_ms[index] = transit_ms + ms

    def follows(self, frame: Frame) -> bool:
        """Tell whether no packet is missing between the frame played last and this one."""
        return not (self.was_copy or frame.is_copy) and frame.number <= self.number + 1
