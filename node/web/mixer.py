"""Several people on one line: decoded, mixed and encoded anew, for players that take one line of sound only."""

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
from protocol.rtp.retiming import RTP_RATE
from protocol.speech import opus_packet
from protocol.speech.playout import Playout

logger = logging.getLogger(__name__)

PROFILE = replace(RICH, name="mix", bitrate=32_000, frame_ms=20)
"""This goes no further than to a browser nearby: bits do not matter, delay does."""


class Reencoder:
    """Makes Opus packets of 20 ms of sound. In silence there are none but the first, which says that it is silent."""

    def __init__(self) -> None:
        self._encoder = OpusEncoder(PROFILE)
        self._silent = True

    def packet(self, pcm: Pcm) -> bytes | None:
        """Return the packet of int16 `(PROFILE.frame_samples,)`, if there is one."""
        was_silent, self._silent = self._silent, not pcm.any()
        if self._silent:
            return None if was_silent else opus_packet.empty_like(self._encoder.encode(pcm))
        return self._encoder.encode(pcm)


class Mixer:
    """Plays everybody it was given packets of as one stream of Opus packets, to `push(timestamp, packet)`."""

    def __init__(self, push: Callable[[int, bytes], None], clock: Clock | None = None) -> None:
        self._push = push
        self._clock = clock or Clock()
        self._listeners: dict[str, ReceiveStream] = {}
        self._remaker = Reencoder()

    def packet(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Take a packet; one that is no Opus changes nothing."""
        listener = self._listeners.get(person)
        if listener is None:
            listener = self._listeners[person] = ReceiveStream(Playout(), SpeechDecoder())
        try:
            listener.receive(sequence, timestamp, payload, self._clock.now(), copies)
        except PacketError as error:
            logger.debug("a packet that cannot be mixed: %s", error)

    def forget(self, person: str) -> None:
        """He is heard elsewhere, or left."""
        self._listeners.pop(person, None)

    async def run(self, began: float) -> None:
        """Mix until cancelled, on a line that began then. In silence nothing goes out but a packet that says so."""
        samples = PROFILE.frame_samples
        count = round((self._clock.now() - began) / seconds_of(samples))
        while True:
            await self._clock.sleep_until(began + count * seconds_of(samples))
            now = self._clock.now()
            pcm = mix([listener.pull(samples, now) for listener in self._listeners.values()], samples)
            if (packet := self._remaker.packet(pcm)) is not None:
                self._push(round(count * seconds_of(samples) * RTP_RATE), packet)
            count += 1
