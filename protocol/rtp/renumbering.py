"""New RTP numbers for recorded packets that are sent again."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.rtp.sequence import unwrap
from protocol.speech.opus_packet import OPUS_RATE

__all__ = ["RtpRenumberer"]

# How much more or less time may pass in the recording than on the clock: beyond that it was paused, or goes on
# somewhere else.
JUMP_S = 1.0


@dataclass
class RtpRenumberer:
    """Numbers recorded packets from `first` on.

    Losses and pauses stay what they were. Where the recording was paused or goes on elsewhere, the numbers go on, and
    the time that passed is silence.
    """

    first: int
    _offsets: tuple[int, int] | None = None
    _newest: tuple[int, int, int, float] = (0, 0, 0, 0.0)

    def __post_init__(self) -> None:
        self._newest = (self.first - 1, 0, 0, 0.0)

    def renumber(self, sequence: int | None, timestamp: int, now: float) -> tuple[int, int]:
        """Return the new sequence number (16 bits) and timestamp (32 bits) of a packet sent at `now`, in seconds.

        Without a recorded number it is the next one.
        """
        last_sequence, last_timestamp, last_recorded, last_at = self._newest
        recorded = unwrap(timestamp - last_recorded, 32, near=0)
        elapsed = round((now - last_at) * OPUS_RATE)
        if self._offsets is None:
            self._offsets = self.first - (sequence or 0), -timestamp
        elif abs(recorded - elapsed) > JUMP_S * OPUS_RATE:
            self._offsets = last_sequence + 1 - (sequence or 0), last_timestamp + elapsed - timestamp
        new_timestamp = timestamp + self._offsets[1] & 0xFFFF_FFFF
        new_sequence = (last_sequence + 1 if sequence is None else sequence + self._offsets[0]) & 0xFFFF
        if unwrap(new_sequence - last_sequence, 16, near=0) > 0 or last_at == 0.0:
            self._newest = new_sequence, new_timestamp, timestamp, now
        return new_sequence, new_timestamp
