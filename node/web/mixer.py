"""Several people's speech on one audio line: decoded, mixed and encoded, for browsers that offer too few."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from node.speech.codec import SpeechDecoder
from node.speech.libopus import OpusEncoder
from node.speech.pcm import Clock, Pcm, seconds_of
from node.speech.profiles import RICH
from node.speech.receive_stream import ReceiveStream, mix
from protocol.errors import PacketError
from protocol.rtp.red import Copy
from protocol.speech import opus_packet
from protocol.speech.playout import Playout

logger = logging.getLogger(__name__)

# This goes no further than to a browser nearby: bits do not matter, delay does.
PROFILE = replace(RICH, name="mix", bitrate=32_000, frame_ms=20)


class Reencoder:
    """Encodes Opus packets of 20 ms. Silence gives no packet but the first, which tells a browser that it is silent."""

    def __init__(self) -> None:
        self._encoder = OpusEncoder(PROFILE)
        self._silent = True

    def encode(self, pcm: Pcm) -> bytes | None:
        """Return the packet of int16 `(PROFILE.frame_samples,)`, if there is one."""
        was_silent, self._silent = self._silent, not pcm.any()
        if self._silent:
            return None if was_silent else opus_packet.empty_like(self._encoder.encode(pcm))
        return self._encoder.encode(pcm)


class Mixer:
    """Mixes all people whose packets it receives into one stream of Opus packets, for `push(timestamp, packet)`."""

    def __init__(self, push: Callable[[int, bytes], None], clock: Clock | None = None) -> None:
        self._push = push
        self._clock = clock or Clock()
        self._streams: dict[str, ReceiveStream] = {}
        self._reencoder = Reencoder()

    def receive(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Queue a person's packet for playout; one that is no Opus is dropped."""
        stream = self._streams.get(person)
        if stream is None:
            stream = self._streams[person] = ReceiveStream(Playout(), SpeechDecoder())
        try:
            stream.receive(sequence, timestamp, payload, self._clock.now(), copies)
        except PacketError as error:
            logger.debug("a packet that cannot be mixed: %s", error)

    def remove(self, person: str) -> None:
        """Remove a person, who left or got a line of their own."""
        self._streams.pop(person, None)

    async def run(self, began: float) -> None:
        """Mix until cancelled, with timestamps that were 0 at `began`. Nothing is sent in silence, but a packet that
        begins it.
        """
        samples = PROFILE.frame_samples
        count = round((self._clock.now() - began) / seconds_of(samples))
        while True:
            await self._clock.sleep_until(began + count * seconds_of(samples))
            now = self._clock.now()
            pcm = mix([stream.pull(samples, now) for stream in self._streams.values()], samples)
            if (packet := self._reencoder.encode(pcm)) is not None:
                self._push(round(count * seconds_of(samples) * opus_packet.OPUS_RATE), packet)
            count += 1
