"""A browser's microphone as a source of the call: its packets are decoded, and its Opus frames are passed along.

A browser that encodes as the node would (60 ms, mono, the profile's bitrate) has its frames forwarded as they are:
nothing is lost by encoding twice, and the browser's processor has done the work. The decoded speech is needed all the
same: to detect pauses, for the level on the screen, for Lyra, and where frames cannot be forwarded.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import numpy as np

from node.speech.audio_io import Captured
from node.speech.libopus import CONCEAL_STEP, OpusDecoder
from node.speech.pcm import FRAME_SAMPLES, Clock, Pcm, samples_of, seconds_of, silence
from node.speech.sources import MAX_BEHIND
from protocol.errors import PacketError
from protocol.speech import opus_packet
from protocol.speech.playout import Conceal, Play, Playout, Silence

logger = logging.getLogger(__name__)

# A browser sends a packet every 400 ms even in a pause; one that has not for this time is taken as gone.
SILENT_S = 5.0


class PageMicrophone:
    """The speech of the browser that speaks from a page; silence while none does.

    A jitter buffer (`protocol.speech.playout`) times it, as it does a peer's speech. Encoded frames of `frame` samples
    are passed along; others are joined or cut to that many.
    """

    def __init__(self, frame: int = FRAME_SAMPLES, clock: Clock | None = None) -> None:
        self._frame = frame
        self._clock = clock or Clock()
        self._received_at = float("-inf")
        self._rest, self._skipped = silence(0), 0
        self._reset()

    def begin(self) -> None:
        """Expect another browser's packets."""
        self._reset()
        self._received_at = self._clock.now()

    def end(self) -> None:
        """Return to silence: the browser is gone."""
        self._received_at = float("-inf")
        self._reset()

    @property
    def is_active(self) -> bool:
        """Whether a packet was received in the last `SILENT_S`."""
        return self._clock.now() - self._received_at < SILENT_S

    def receive(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """Queue an RTP packet for playout; one that is no Opus is dropped."""
        try:
            self._playout.receive(sequence, timestamp, payload, self._clock.now())
        except PacketError as error:
            logger.debug("a page's packet is no speech: %s", error)
            return
        self._received_at = self._clock.now()

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield frames in real time."""
        due = self._clock.now()
        while True:
            await self._clock.sleep_until(due)
            behind = self._clock.now() - due
            skipped = samples_of(behind) if behind > MAX_BEHIND else 0
            due += seconds_of(skipped)
            pcm, encoded = self._next()
            # A jitter buffer gives a frame at the time of its first sample, a microphone at that of its last.
            for captured in self._framed(pcm, encoded, skipped, due - seconds_of(self._frame)):
                yield captured
            due += seconds_of(len(pcm))

    def _framed(self, pcm: Pcm, encoded: bytes | None, skipped: int, at: float) -> Iterator[Captured]:
        """Cut a piece that begins at `at` into frames. An encoded one is not cut: a rest of silence or concealment
        before it is skipped, as is one before a gap.
        """
        fits = encoded is not None and len(pcm) == self._frame
        if fits or skipped:
            self._skipped += skipped + len(self._rest)
            self._rest = silence(0)
        if fits:
            yield Captured(pcm, at, self._take_skipped(), encoded)
            return
        at -= seconds_of(len(self._rest))
        self._rest = np.concatenate([self._rest, pcm])
        while len(self._rest) >= self._frame:
            frame, self._rest = self._rest[: self._frame], self._rest[self._frame :]
            yield Captured(frame, at, self._take_skipped())
            at += seconds_of(len(frame))

    def _take_skipped(self) -> int:
        skipped, self._skipped = self._skipped, 0
        return skipped

    def _reset(self) -> None:
        self._playout = Playout()
        self._decoder = OpusDecoder()
        self._skipped += len(self._rest)
        self._rest = silence(0)

    def _next(self) -> tuple[Pcm, bytes | None]:
        match self._playout.take(self._clock.now()):
            case Play(frame=frame) if opus_packet.is_dtx(frame):
                return self._concealed(samples_of(opus_packet.duration_ms(frame) / 1000)), None
            case Play(frame=frame):
                return self._decoded(frame)
            case Conceal(ms=ms):
                return self._concealed(samples_of(ms / 1000)), None
            case Silence(ms=ms):
                return silence(samples_of(ms / 1000)), None

    def _decoded(self, frame: bytes) -> tuple[Pcm, bytes | None]:
        try:
            return self._decoder.decode(frame), frame
        except PacketError:
            return self._concealed(samples_of(opus_packet.duration_ms(frame) / 1000)), None

    def _concealed(self, samples: int) -> Pcm:
        steps = max(samples // CONCEAL_STEP, 1)
        return self._decoder.conceal(steps * CONCEAL_STEP)
