"""When a listener plays what came: two seconds after it was said, packet by packet.

A message's place in time is that of its start on its member's time line. The quickest message of the last minute says
how this time line lies on the listener's clock, anew at the begin of each talkspurt, so that clocks that run apart do
no harm. What comes late is handed on at once; the jitter buffer behind this copes with it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from protocol.audience.speech_message import TICK_MS, SpeechMessage
from protocol.speech import opus_packet

__all__ = ["BUFFER_S", "Release", "TimedPacket"]

# A second until the proof comes, and what TCP takes to repeat what was lost.
BUFFER_S: Final = 2.0
# A quicker one in so many seconds there is in any network; clocks run apart by 3 ms in them.
_WINDOW_S = 60.0
# What is further from its time than this began its time line anew.
_FARTHEST_S = 10.0


class TimedPacket(NamedTuple):
    """A packet of a member; `start` counts units of 10 ms on the member's time line."""

    member: int
    start: int
    packet: bytes


class Release:
    """Packets of one member that wait for their time. `now` is in seconds."""

    def __init__(self, buffer_s: float = BUFFER_S) -> None:
        self._buffer_s = buffer_s
        self._transits: deque[tuple[float, float]] = deque()
        self._anchor: float | None = None
        self._end = -1
        self._waiting: deque[tuple[float, TimedPacket]] = deque()

    def put(self, message: SpeechMessage, arrived: float) -> None:
        """Queue the packets of a message."""
        self._observe(message, arrived)
        assert self._anchor is not None
        start = message.start
        for packet in message.packets:
            at = self._anchor + self._buffer_s + start * TICK_MS / 1000
            self._waiting.append((at, TimedPacket(message.member, start, packet)))
            start += round(opus_packet.duration_ms(packet) / TICK_MS)
        self._end = start

    def due(self, now: float) -> list[TimedPacket]:
        """Return what is to be played now, in order."""
        packets = []
        while self._waiting and self._waiting[0][0] <= now:
            packets.append(self._waiting.popleft()[1])
        return packets

    def deadline(self) -> float | None:
        """Return when something is `due`."""
        return self._waiting[0][0] if self._waiting else None

    def _observe(self, message: SpeechMessage, arrived: float) -> None:
        """Lay the member's time line on the clock."""
        transit = arrived - message.start * TICK_MS / 1000
        self._transits.append((arrived, transit))
        while self._transits[0][0] < arrived - _WINDOW_S:
            self._transits.popleft()
        if self._anchor is None or message.start != self._end:
            self._anchor = min(transit for _, transit in self._transits)
        if abs(self._anchor - transit) > _FARTHEST_S:
            self._transits = deque([(arrived, transit)])
            self._anchor = transit
