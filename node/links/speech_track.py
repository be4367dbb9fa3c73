"""Encoded Opus packets as a media track: aiortc's sender passes them on untouched."""

from __future__ import annotations

import asyncio
import fractions
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    import av
    from aiortc import MediaStreamTrack
    from av.stream import Stream

MAX_QUEUED_PACKETS = 4  # half a second: a link that takes no packets for longer gets the newest, speech never waits


class Payload(NamedTuple):
    """One packet: timestamp in 48 kHz samples, bytes, its RTP payload type (None: that of Opus) and its sequence number
    (None: the next one).
    """

    timestamp: int
    data: bytes
    payload_type: int | None = None
    sequence: int | None = None


class SpeechTrack:
    """Hands queued packets to aiortc's sender as `av.Packet`s; see :func:`media_track`."""

    def __init__(self) -> None:
        self._packets: deque[Payload] = deque(maxlen=MAX_QUEUED_PACKETS)
        self._ready = asyncio.Event()
        self.payload_type: int | None = None  # of the packet that was taken last; None for Opus's own
        self.sequence: int | None = None  # the same packet's; None for the next one
        self.timestamp: int | None = None  # the same packet's, in 48 kHz samples

    def push(self, payload: Payload) -> None:
        """Queue a packet; when too many wait, the oldest is lost."""
        self._packets.append(payload)
        self._ready.set()

    async def next_packet(self) -> tuple[int, bytes]:
        """Wait for the next packet and return its timestamp and bytes."""
        while not self._packets:
            self._ready.clear()
            await self._ready.wait()
        packet = self._packets.popleft()
        self.payload_type, self.sequence, self.timestamp = packet.payload_type, packet.sequence, packet.timestamp
        return packet.timestamp, packet.data


def media_track(track: SpeechTrack) -> MediaStreamTrack:
    """Return the track as aiortc takes it."""
    import av
    from aiortc import MediaStreamTrack

    class EncodedSpeech(MediaStreamTrack):
        kind = "audio"

        async def recv(self) -> av.Packet[Stream]:
            timestamp, payload = await track.next_packet()
            packet = av.Packet(payload)
            packet.pts, packet.time_base = timestamp, fractions.Fraction(1, OPUS_RATE)
            return packet

    return EncodedSpeech()
