"""A stage as it is in truth, sealed and signed, and listeners that open and prove what it says."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from audiencebench.listeners import Opened
from audiencebench.speaker import Due
from node.bench.call_simulation import encoded_packets
from node.speech import dialogue, sound_files
from node.speech.pcm import FRAME_SAMPLES
from node.speech.profiles import LEAN
from protocol import frames
from protocol.audience.audience_link import AudienceLink
from protocol.audience.epochs import Chain, epoch_of
from protocol.audience.release import TimedPacket
from protocol.audience.seat import Seat
from protocol.audience.signing import SpeakerKey
from protocol.audience.stage import Posting, Stage
from protocol.errors import RemoteError

FIRST_PICTURE_S, PICTURE_EVERY_S = 1.1, 10.0
CAPTION_BYTES = 12  # as measured in calls
CODEBOOKS = ((2, bytes(4)), (3, bytes(4)))
TICKS_A_SECOND = 100  # in which an audience counts the time of speech
PLAYED_AFTER_S = 10.0  # by then all that is proven has been played


def _now_ms() -> int:
    return int(time.time() * 1000)


@dataclass
class LiveStage:
    """One speaks without a pause and shows another picture now and then. The programme of one session."""

    key: bytes = field(default_factory=lambda: os.urandom(32))
    secret: bytes = field(default_factory=lambda: os.urandom(16))
    session: int = field(default_factory=lambda: int.from_bytes(os.urandom(8)))
    epoch: int = field(default_factory=lambda: epoch_of(_now_ms()))

    @property
    def link(self) -> AudienceLink:
        """What a listener is given."""
        return AudienceLink(self.epoch, self.secret, SpeakerKey(self.key).digest)

    @property
    def topics(self) -> list[str]:
        """The one subscription of a listener."""
        return [Seat(self.link, _now_ms()).pattern]

    def messages(self, seconds: float) -> Iterator[Due]:
        """Yield what `Stage` makes of the shipped recording, over and over; at the end, what was still unproven."""
        stage = Stage(SpeakerKey(self.key), Chain(self.epoch, self.secret), ["the speaker"], self.session, CODEBOOKS)
        packets, began_ms, start_s = _packets(), _now_ms(), 0.0
        picture_at = FIRST_PICTURE_S
        yield from _due(0.0, stage.announce(0.0, began_ms))
        for number in range(int(seconds * 1000 / LEAN.packet_ms)):
            packet, long_s = packets[number % len(packets)]
            now = start_s + long_s  # a packet leaves when its last sample is captured
            if picture_at <= now:
                clock_ms = began_ms + int(picture_at * 1000)
                yield from _due(picture_at, stage.picture(0, _picture(number), picture_at, clock_ms))
                picture_at += PICTURE_EVERY_S
            while (at := stage.deadline()) is not None and at <= now:
                yield from _due(at, stage.handle_timer(at, began_ms + int(at * 1000)))
            clock_ms = began_ms + int(now * 1000)
            yield from _due(now, stage.speech(0, round(start_s * TICKS_A_SECOND), packet, now, clock_ms))
            start_s += long_s
        yield from _due(seconds, stage.end(seconds, began_ms + int(seconds * 1000)))

    def packets_of(self, seconds: float) -> int:
        """How many packets of speech a listener gets who misses nothing."""
        return int(seconds * 1000 / LEAN.packet_ms)

    def opener(self) -> tuple[Opened, Callable[[], int]]:
        """Return what opens one listener's messages, and what counts the packets that were proven and played."""
        seat, played = Seat(self.link, _now_ms()), 0

        def played_of(events: Sequence[object]) -> int:
            return sum(isinstance(event, TimedPacket) for event in events)

        def receive(topic: str, payload: bytes, now: float) -> None:
            nonlocal played
            try:
                played += played_of(seat.receive(topic, payload, now, _now_ms()))
            except RemoteError:
                return  # what is refused is not played
            played += played_of(seat.handle_timer(now))

        def count() -> int:
            nonlocal played
            played += played_of(seat.handle_timer(time.monotonic() + PLAYED_AFTER_S))
            return played

        return receive, count


def _packets() -> list[tuple[bytes, float]]:
    """Return the first turn of the shipped dialogue as packets of speech, and how long each lasts in seconds."""
    pcm = np.concatenate(list(sound_files.blocks(dialogue.shipped()[0].path, FRAME_SAMPLES)))
    made = asyncio.run(encoded_packets(pcm, LEAN))
    return [(one.payload, one.duration_ms / 1000) for one in made if one.duration_ms == LEAN.packet_ms]


def _picture(number: int) -> bytes:
    return frames.encode(frames.Picture(number, 0, CODEBOOKS[0][0], os.urandom(CAPTION_BYTES), seed=number))


def _due(now: float, postings: Sequence[Posting]) -> Iterator[Due]:
    for one in postings:
        yield Due(now, one.topic, one.payload, one.retain)
