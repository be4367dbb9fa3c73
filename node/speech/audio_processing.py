"""Echo cancellation, noise suppression and gain: WebRTC's audio processing, from the package `livekit`.

A microphone beside a loudspeaker captures the peer's voice again; the processing subtracts what was played.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from node.speech.audio_io import Captured, ForwardingSink, Pull, Sink, Source
from node.speech.pcm import SAMPLE_RATE, Pcm

# Samples in 10 ms: the processing takes so much at a time.
STEP = SAMPLE_RATE // 100

# The longest delay from loudspeaker to microphone that the processing takes.
MAX_DELAY_MS = 500

NOT_INSTALLED = "no echo cancellation, noise suppression and gain: pip install 'pictophone[live]', or use a headset"


def installed() -> bool:
    """Return whether the package is installed."""
    return find_spec("livekit") is not None


class AudioProcessing:
    """The processing of one microphone; with `cancels_echo`, of the loudspeaker beside it as well."""

    def __init__(self, cancels_echo: bool) -> None:
        from livekit.rtc.apm import AudioProcessingModule

        self._cancels_echo = cancels_echo
        self._module = AudioProcessingModule(
            echo_cancellation=cancels_echo, noise_suppression=True, high_pass_filter=True, auto_gain_control=True
        )

    def played(self, pcm: Pcm) -> None:
        """Pass on what the loudspeaker plays, as the echo to expect: a multiple of 10 ms, int16."""
        for part in pcm.reshape(-1, STEP):
            self._module.process_reverse_stream(_frame(part))

    def clean(self, pcm: Pcm, delay_ms: float) -> Pcm:
        """Return what the microphone captured (a multiple of 10 ms, int16) without echo and noise, at an even level.

        `delay_ms` is the time from a sound's `played` to its echo here.
        """
        return np.concatenate([self._cleaned(part, delay_ms) for part in pcm.reshape(-1, STEP)])

    def _cleaned(self, part: Pcm, delay_ms: float) -> Pcm:
        if self._cancels_echo:
            self._module.set_stream_delay_ms(round(min(max(delay_ms, 0.0), MAX_DELAY_MS)))
        frame = _frame(part)
        self._module.process_stream(frame)
        return np.frombuffer(frame.data, np.int16)


def _frame(part: Pcm) -> Any:
    from livekit.rtc import AudioFrame

    return AudioFrame(part.tobytes(), SAMPLE_RATE, 1, STEP)


@dataclass
class CleanSource:
    """A source of a microphone's frames, cleaned. `sink` is the loudspeaker beside it, if there is one."""

    source: Source
    processing: AudioProcessing
    sink: Sink | None = None

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames; closing the iterator releases the device."""
        async with aclosing(aiter(self.source)) as frames:  # type: ignore[type-var]
            async for captured in frames:
                delay_ms = self.sink.latency_ms if self.sink is not None else 0.0
                yield replace(captured, pcm=self.processing.clean(captured.pcm, delay_ms))


class EchoingSink(ForwardingSink):
    """A sink that passes the loudspeaker's sound on to the processing."""

    def __init__(self, sink: Sink, processing: AudioProcessing) -> None:
        super().__init__(sink)
        self.processing = processing

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""

        def noted(samples: int) -> Pcm:
            pcm = pull(samples)
            self.processing.played(pcm)
            return pcm

        await self.sink.run(noted)
