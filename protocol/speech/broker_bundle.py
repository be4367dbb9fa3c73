"""Opus packets joined to messages of 120 ms for the broker: what a message costs besides is more than what it carries.

A packet that lasts as long already goes as it is. Shorter ones wait for the next, unless the frames differ in
configuration, do not follow one another, or end in a pause.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.speech import opus_packet
from protocol.speech.opus_packet import MAX_PACKET_MS, SAMPLES_PER_MS
from protocol.speech_sealing import TIME_UNIT

__all__ = ["BrokerBundle", "Bundled"]

MOST_UNITS = MAX_PACKET_MS * SAMPLES_PER_MS // TIME_UNIT


@dataclass(frozen=True, slots=True)
class Bundled:
    """What is to go as one message: its time in units of `TIME_UNIT`, and how many packets are in it."""

    time: int
    packet: bytes
    packets: int


class BrokerBundle:
    """Packets of one stream that wait for the rest of their message. Timestamps count on and do not wrap."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._whole = b""  # the first packet, which goes as it came, padding and all, if none joins it
        self._begin = self._end = self._packets = 0
        self._free = 0  # the first unit of time that no message covers

    def add(self, timestamp: int, payload: bytes) -> list[Bundled]:
        """Take a packet, and return what is complete. Raises `PacketError`, and nothing has changed, if it is none."""
        frames = opus_packet.split(payload)
        length_ms = opus_packet.duration_ms(payload)
        done = [] if self._takes(timestamp, frames, length_ms) else self.flush()
        if not self._frames:
            self._begin, self._whole = timestamp, payload
        self._frames += frames
        self._packets += 1
        self._end = timestamp + round(length_ms * SAMPLES_PER_MS)
        if opus_packet.is_dtx(frames[-1]) or self._length_ms >= MAX_PACKET_MS:
            done += self.flush()
        return done

    def flush(self) -> list[Bundled]:
        """Return what waits, if anything does."""
        if not self._frames:
            return []
        time = self._begin // TIME_UNIT
        if self._free - MOST_UNITS <= time < self._free:
            time = self._free  # what was cut in the middle of a unit
        self._free = time + -(-(self._end - self._begin) // TIME_UNIT)
        packet = self._whole if self._packets == 1 else opus_packet.join(self._frames)
        bundled = Bundled(time, packet, self._packets)
        self._frames, self._packets = [], 0
        return [bundled]

    @property
    def _length_ms(self) -> float:
        return (self._end - self._begin) / SAMPLES_PER_MS

    def _takes(self, timestamp: int, frames: list[bytes], length_ms: float) -> bool:
        if not self._frames:
            return True
        same = opus_packet.configuration(self._frames[0]) == opus_packet.configuration(frames[0])
        return same and timestamp == self._end and self._length_ms + length_ms <= MAX_PACKET_MS
