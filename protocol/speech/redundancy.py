"""Copies of earlier frames that go along with a packet, so that the speech of a lost one arrives all the same.

A copy of a whole packet, one packet later, leaves a hole of a whole packet wherever two losses meet, and a burst takes
both. So copies are cut across the packets: with two frames in a packet, the packet that begins at T carries the
frames that began `redundancy` packets and one frame earlier:

    packet        n-3        n-2        n-1         n
    frames      a    b     c    d     e    f     g    h
                                 copy 1: d  e ───┘          redundancy 1: one packet and a half back
                      copy 2: b  c ──────────────┘          redundancy 2: two and a half

Two losses then cost one frame here and one there, which concealment bridges; and of a burst of three packets,
redundancy 2 brings back five frames of six. The bytes are the same as of a whole copy.

The first packets of all have nothing before them to copy. In place of that they carry an empty frame, as far back as
copies will be: so that a receiver waits for copies from the first word on, and need not slow down in the middle of it.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby

from protocol.rtp.red import Copy
from protocol.speech import opus_packet
from protocol.speech.opus_packet import SAMPLES_PER_MS

__all__ = ["MAX_REDUNDANCY", "RedundancyEncoder"]

MAX_REDUNDANCY = 2
# Two and a half bundles of 120 ms are five frames of 60 ms, or fifteen of 20 ms, besides the newest packet.
MAX_FRAMES = 24


class RedundancyEncoder:
    """Makes the copies for each packet. `redundancy` may be set at any time: 0 none, 1 or 2 the distance in packets."""

    def __init__(self, redundancy: int = 0) -> None:
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=MAX_FRAMES)
        self.redundancy = redundancy

    @property
    def redundancy(self) -> int:
        """The distance of the copies; ValueError if it is set to anything but 0, 1 or 2."""
        return self._redundancy

    @redundancy.setter
    def redundancy(self, distance: int) -> None:
        if not 0 <= distance <= MAX_REDUNDANCY:
            raise ValueError(f"redundancy is 0, 1 or 2, not {distance}")
        self._redundancy = distance

    def beside(self, timestamp: int, payload: bytes) -> tuple[Copy, ...]:
        """Return the copies that go with this packet (timestamp unwrapped, at 48 kHz), and remember it.

        Frames that were not sent, as in a pause, are not copied. Raises `PacketError` if it is no Opus packet.
        """
        packet = opus_packet.parse(payload)
        samples = int(packet.frame_ms * SAMPLES_PER_MS)
        copies = self._copies(timestamp, samples, packet) if self._redundancy else ()
        for index, frame in enumerate(packet.frames):
            self._frames.append((timestamp + index * samples, bytes([packet.toc]) + frame))
        return copies

    def _copies(self, timestamp: int, samples: int, packet: opus_packet.OpusPacket) -> tuple[Copy, ...]:
        count = len(packet.frames)
        first = timestamp - (self._redundancy * count + count // 2) * samples
        wanted = [(at, frame) for at, frame in self._frames if first <= at < first + count * samples]
        runs = groupby(enumerate(wanted), key=lambda item: (item[1][1][0], item[1][0] - item[0] * samples))
        copies = [_joined(timestamp, [frame for _, frame in run]) for _, run in runs]
        begun = self._frames[0][0] if self._frames else timestamp
        return (Copy(timestamp - first, bytes([packet.toc])), *copies) if first < begun else tuple(copies)


def _joined(timestamp: int, run: list[tuple[int, bytes]]) -> Copy:
    """Return one copy of frames that follow one another and are of one configuration."""
    return Copy(timestamp - run[0][0], opus_packet.join([frame for _, frame in run]))
