"""Recorded or forwarded speech on one RTP line: Opus packets of one stream after another, on one clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protocol.errors import PacketError
from protocol.rtp.red import Copy
from protocol.rtp.sequence import unwrap
from protocol.speech import opus_packet
from protocol.speech.opus_packet import OPUS_RATE

__all__ = ["SILENCE_EVERY_S", "Push", "RtpRetimer", "RtpTimeline"]

# A timestamp that is off by more than this from the time that went by belongs to another stream: of another person, or
# of the same one after a new call. Loss and jitter are far below it.
MAX_DRIFT_S = 2.0

# Frames that are remembered as sent: copies reach back less than a second.
REMEMBERED_FRAMES = 64

# How often Opus itself sends a frame in a pause.
SILENCE_EVERY_S = 0.4

_MASK = 0xFFFF_FFFF

# Sends an Opus packet with an RTP timestamp at 48 kHz, not wrapped.
Push = Callable[[int, bytes], None]


@dataclass(slots=True)
class RtpTimeline:
    """Maps the timestamps of one stream after another to those of one line, which advance with the time."""

    began: float
    # Up to this timestamp the line is taken.
    used: int = 0
    _first: int | None = None
    _offset: int = 0

    def restart(self) -> None:
        """Expect another stream's timestamp next."""
        self._first = None

    def at(self, timestamp: int, now: float) -> int:
        """Return the line's timestamp for that of a packet that came now."""
        due = round((now - self.began) * OPUS_RATE)
        if self._first is not None:
            mapped = self._offset + unwrap(timestamp - self._first, 32, near=0)
            if abs(mapped - due) <= MAX_DRIFT_S * OPUS_RATE:
                return mapped
        self._first, self._offset = timestamp, due
        if 0 < self.used - due <= MAX_DRIFT_S * OPUS_RATE:
            self._offset = self.used
        return self._offset


@dataclass
class RtpRetimer:
    """Forwards one person's packets. Copies fill in for packets that were lost, each frame once.

    A packet that begins a pause is followed by one of no bytes, and by another every `SILENCE_EVERY_S` of the pause: a
    browser's jitter buffer takes silence after that for silence, and without it for loss.
    """

    push: Push
    timeline: RtpTimeline
    _silence: bytes = b""
    _step: int = 0
    _silence_at: float = float("inf")
    _silence_timestamp: int = 0
    _sent: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_FRAMES))

    def restart(self) -> None:
        """Expect another person's packets from now on."""
        self.timeline.restart()
        self._silence_at = float("inf")
        self._sent.clear()

    def pause(self, now: float) -> None:
        """End this stream, maybe in the middle of a word: silence follows, and then another stream."""
        if self._silence and self._silence_at == float("inf"):
            self._begin_silence(now)
        self.timeline.restart()
        self._sent.clear()

    def forward(self, timestamp: int, payload: bytes, copies: Sequence[Copy], now: float) -> None:
        """Forward a packet that came now; one that is no Opus is dropped."""
        try:
            packet = opus_packet.parse(payload)
            lost = self._lost_frames(timestamp, copies)
        except PacketError:
            return
        step = self._step = round(packet.frame_ms * OPUS_RATE / 1000)
        base = self.timeline.at(timestamp, now)
        for at, frame in lost:
            self._sent.append(at)
            self.push(base + unwrap(at - timestamp, 32, near=0), frame)
        self._sent.extend((timestamp + index * step) & _MASK for index in range(len(packet.frames)))
        self.push(base, payload)
        self._use(base + len(packet.frames) * step)
        self._silence_at, self._silence = float("inf"), opus_packet.empty_like(payload)
        if opus_packet.begins_pause(payload):
            self._begin_silence(now)

    def continue_silence(self, now: float) -> None:
        """Send a frame of silence if the silence goes on and it is time to: to be called a few times a second."""
        if now >= self._silence_at:
            self.push(self._silence_timestamp, self._silence)
            self._use(self._silence_timestamp + self._step)
            self._silence_at += SILENCE_EVERY_S
            self._silence_timestamp += round(SILENCE_EVERY_S * OPUS_RATE)

    def _begin_silence(self, now: float) -> None:
        self._silence_at, self._silence_timestamp = now, self.timeline.used
        self.continue_silence(now)

    def _use(self, end: int) -> None:
        self.timeline.used = max(self.timeline.used, end)

    def _lost_frames(self, timestamp: int, copies: Sequence[Copy]) -> list[tuple[int, bytes]]:
        """Return the frames of copies that were not sent, with their timestamps: none at the beginning of the line."""
        if not self._sent:
            return []
        lost = []
        for copy in copies:
            frames = opus_packet.split(copy.payload)
            step = round(opus_packet.duration_ms(copy.payload) / len(frames) * OPUS_RATE / 1000)
            starts = [(timestamp - copy.offset + index * step) & _MASK for index in range(len(frames))]
            lost += [(at, frame) for at, frame in zip(starts, frames, strict=True) if at not in self._sent]
        return lost
