"""Encoded packets on their way to aiortc's sender."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from node.links.speech_track import MAX_QUEUED_PACKETS, Payload, SpeechTrack, media_track
from protocol.speech.opus_packet import OPUS_RATE


async def test_packets_come_out_in_order_and_untouched() -> None:
    track = SpeechTrack()
    media = media_track(track)
    track.push(Payload(960, b"one"))
    track.push(Payload(1920, b"two", 63))
    packet = await media.recv()
    assert (bytes(packet), packet.pts, packet.time_base) == (b"one", 960, Fraction(1, OPUS_RATE))
    assert track.payload_type is None
    assert bytes(await media.recv()) == b"two"
    assert track.payload_type == 63


async def test_who_asks_too_early_waits() -> None:
    track = SpeechTrack()
    asked = asyncio.create_task(track.next_packet())
    await asyncio.sleep(0)
    assert not asked.done()
    track.push(Payload(0, b"one"))
    assert await asked == (0, b"one")


async def test_when_too_many_wait_the_oldest_is_lost() -> None:
    track = SpeechTrack()
    for number in range(MAX_QUEUED_PACKETS + 1):
        track.push(Payload(number, b""))
    assert (await track.next_packet())[0] == 1
