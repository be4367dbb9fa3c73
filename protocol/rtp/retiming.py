"""One person's speech on its way to a browser: his Opus packets as they came, on a clock that it can follow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protocol.errors import PacketError
from protocol.rtp.red import Copy
from protocol.rtp.sequence import unwrap
from protocol.speech import opus_packet

RTP_RATE = 48_000

MAX_DRIFT_S = 2.0
"""A timestamp that is off by more than this from the time that went by belongs to another stream: another person on
the line, or the same one after a new call. Loss and jitter are far below it."""

REMEMBERED_FRAMES = 64
"""Frames of which the line knows that they went out: copies reach back less than a second."""

QUIET_EVERY_S = 0.4
"""How often Opus itself says in a pause that there is nothing to say."""

_MASK = 0xFFFF_FFFF

Push = Callable[[int, bytes], None]
"""Sends an Opus packet with an RTP timestamp at 48 kHz, not wrapped."""


@dataclass(slots=True)
class RtpTimeline:
    """Maps the timestamps of one stream after another to those of one line, which go on with the time."""

    began: float
    used: int = 0  # up to there the line is taken
    _first: int | None = None
    _offset: int = 0

    def begin_anew(self) -> None:
        """The next timestamp is another stream's."""
        self._first = None

    def at(self, timestamp: int, now: float) -> int:
        """Return the line's timestamp for a stream's, of a packet that came now."""
        due = round((now - self.began) * RTP_RATE)
        if self._first is not None:
            mapped = self._offset + unwrap(timestamp - self._first, 32, near=0)
            if abs(mapped - due) <= MAX_DRIFT_S * RTP_RATE:
                return mapped
        self._first, self._offset = timestamp, due
        if 0 < self.used - due <= MAX_DRIFT_S * RTP_RATE:
            self._offset = self.used
        return self._offset


@dataclass
class RtpRetimer:
    """Passes on one person's packets. Copies fill in for packets that were lost, each frame once.

    A packet that begins a pause is followed by one of no bytes, and by another every now and then as long as the pause
    goes on: a browser's jitter buffer takes silence after that for silence, and without it for loss.
    """

    push: Push
    timeline: RtpTimeline
    _silence: bytes = b""
    _step: int = 0
    _quiet_at: float = float("inf")
    _quiet_timestamp: int = 0
    _sent: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_FRAMES))

    def begin_anew(self) -> None:
        """Another person is on the line from now on."""
        self.timeline.begin_anew()
        self._quiet_at = float("inf")
        self._sent.clear()

    def pause(self, now: float) -> None:
        """This stream ends, maybe in the middle of a word: silence follows, and then another stream."""
        if self._silence and self._quiet_at == float("inf"):
            self._fall_silent(now)
        self.timeline.begin_anew()
        self._sent.clear()

    def forward(self, timestamp: int, payload: bytes, copies: Sequence[Copy], now: float) -> None:
        """Pass on a packet that came now; one that is no Opus goes nowhere."""
        try:
            packet = opus_packet.parse(payload)
            lost = self._lost_frames(timestamp, copies)
        except PacketError:
            return
        step = self._step = round(packet.frame_ms * RTP_RATE / 1000)
        base = self.timeline.at(timestamp, now)
        for at, frame in lost:
            self._sent.append(at)
            self.push(base + unwrap(at - timestamp, 32, near=0), frame)
        self._sent.extend((timestamp + index * step) & _MASK for index in range(len(packet.frames)))
        self.push(base, payload)
        self._use(base + len(packet.frames) * step)
        self._quiet_at, self._silence = float("inf"), opus_packet.empty_like(payload)
        if opus_packet.begins_pause(payload):
            self._fall_silent(now)

    def keep_quiet(self, now: float) -> None:
        """Say that the silence goes on, if it does and it is time to: to be asked a few times a second."""
        if now >= self._quiet_at:
            self.push(self._quiet_timestamp, self._silence)
            self._use(self._quiet_timestamp + self._step)
            self._quiet_at += QUIET_EVERY_S
            self._quiet_timestamp += round(QUIET_EVERY_S * RTP_RATE)

    def _fall_silent(self, now: float) -> None:
        self._quiet_at, self._quiet_timestamp = now, self.timeline.used
        self.keep_quiet(now)

    def _use(self, end: int) -> None:
        self.timeline.used = max(self.timeline.used, end)

    def _lost_frames(self, timestamp: int, copies: Sequence[Copy]) -> list[tuple[int, bytes]]:
        """Return the frames of copies that have not gone out, with their timestamps. Without anything that went out
        before, none: the line begins here."""
        if not self._sent:
            return []
        lost = []
        for copy in copies:
            frames = opus_packet.split(copy.payload)
            step = round(opus_packet.duration_ms(copy.payload) / len(frames) * RTP_RATE / 1000)
            starts = [(timestamp - copy.offset + index * step) & _MASK for index in range(len(frames))]
            lost += [(at, frame) for at, frame in zip(starts, frames, strict=True) if at not in self._sent]
        return lost
