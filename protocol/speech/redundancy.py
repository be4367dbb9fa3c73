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

A copy has the gains of the high band, if its frames came with some (`protocol.speech.high_band`): they are cut as the
frames are, and coded anew.

The first packets of all have nothing before them to copy. In place of that they carry an empty frame, as far back as
copies will be: so that a receiver waits for copies from the first word on, and need not slow down in the middle of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import groupby

from protocol.rtp.red import Copy
from protocol.speech import high_band, opus_packet
from protocol.speech.high_band import NOTHING, Gains
from protocol.speech.opus_packet import SAMPLES_PER_MS

__all__ = ["MAX_REDUNDANCY", "RedundancyEncoder"]

MAX_REDUNDANCY = 2
# Two and a half bundles of 120 ms are five frames of 60 ms, or thirty of 10 ms; these are three bundles.
MAX_FRAMES = 36


@dataclass(frozen=True, slots=True)
class _SentFrame:
    """A frame as a packet of its own, its timestamp and the gains that went along."""

    timestamp: int
    packet: bytes
    gains: Gains | None


class RedundancyEncoder:
    """Makes the copies for each packet. `redundancy` may be set at any time: 0 none, 1 or 2 the distance in packets."""

    def __init__(self, redundancy: int = 0) -> None:
        self._frames: deque[_SentFrame] = deque(maxlen=MAX_FRAMES)
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
        for index, (frame, gains) in enumerate(zip(packet.frames, high_band.gains_of(packet), strict=True)):
            self._frames.append(_SentFrame(timestamp + index * samples, bytes([packet.toc]) + frame, gains))
        return copies

    def _copies(self, timestamp: int, samples: int, packet: opus_packet.OpusPacket) -> tuple[Copy, ...]:
        count = len(packet.frames)
        first = timestamp - (self._redundancy * count + count // 2) * samples
        wanted = [frame for frame in self._frames if first <= frame.timestamp < first + count * samples]
        runs = groupby(enumerate(wanted), key=lambda item: (item[1].packet[0], item[1].timestamp - item[0] * samples))
        copies = [_joined(timestamp, [frame for _, frame in run]) for _, run in runs]
        begun = self._frames[0].timestamp if self._frames else timestamp
        return (Copy(timestamp - first, bytes([packet.toc])), *copies) if first < begun else tuple(copies)


def _joined(timestamp: int, run: list[_SentFrame]) -> Copy:
    """Return one copy of frames that follow one another and are of one configuration."""
    payload = opus_packet.join([frame.packet for frame in run])
    blocks = high_band.blocks_in(opus_packet.parse(payload))
    gains = [block for frame in run for block in frame.gains or (NOTHING,) * blocks]
    return Copy(timestamp - run[0].timestamp, high_band.beside(payload, gains))
