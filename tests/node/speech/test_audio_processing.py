"""Echo, noise and gain: by the real processing on sounds made here; microphone and loudspeaker are fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from node.speech.audio_io import Captured, Pull, Underruns
from node.speech.audio_processing import AudioProcessing, CleanSource, EchoingSink
from node.speech.pcm import Pcm, level_dbfs, silence

DELAY = 1600


@pytest.fixture
def livekit() -> None:
    pytest.importorskip("livekit", reason="needs the package livekit")


def echoed(played: Pcm) -> Pcm:
    """What a microphone hears of a loudspeaker 100 ms later, and a little noise."""
    room = np.concatenate([silence(DELAY), played[:-DELAY]]) * 0.3
    return (room + np.random.default_rng(3).normal(0, 20, len(played))).astype(np.int16)


@pytest.mark.usefixtures("livekit")
def test_the_echo_goes(spoken: Pcm) -> None:
    played = np.tile(spoken[: len(spoken) // 320 * 320], 3)
    heard, module, cleaned = echoed(played), AudioProcessing(cancels_echo=True), []
    for first in range(0, len(played), 320):
        module.played(played[first : first + 320])
        cleaned.append(module.clean(heard[first : first + 320], 100))
    settled = slice(len(played) // 2, None)
    after = level_dbfs(np.concatenate(cleaned)[settled])
    assert after < level_dbfs(heard[settled]) - 15


@pytest.mark.usefixtures("livekit")
def test_the_near_voice_stays_and_noise_goes(spoken: Pcm) -> None:
    noise = np.random.default_rng(4).normal(0, 150, 32_000 + len(spoken)).astype(np.int16)
    heard = noise.copy()
    heard[32_000:] += spoken
    cleaned = AudioProcessing(cancels_echo=False).clean(heard[: len(heard) // 160 * 160], 0)

    def above_noise(sound: Pcm) -> float:
        return level_dbfs(sound[32_000:]) - level_dbfs(sound[16_000:32_000])

    assert above_noise(cleaned) > above_noise(heard) + 4


class Once:
    """A loudspeaker that takes one block."""

    latency_ms = 75.0

    def __init__(self) -> None:
        self.underruns = Underruns()

    async def run(self, pull: Pull) -> None:
        assert len(pull(320)) == 320


class Steps:
    """Stands in for the processing: what it was given."""

    def __init__(self) -> None:
        self.said: list[tuple[int, float]] = []
        self.heard: list[int] = []

    def played(self, pcm: Pcm) -> None:
        self.heard.append(len(pcm))

    def clean(self, pcm: Pcm, delay_ms: float) -> Pcm:
        self.said.append((len(pcm), delay_ms))
        return silence(len(pcm))


class Two:
    closed = False

    async def __aiter__(self) -> AsyncIterator[Captured]:
        try:
            yield Captured(np.ones(960, np.int16), 5.0, skipped=3)
            yield Captured(np.ones(960, np.int16), 6.0)
        finally:
            self.closed = True


async def test_frames_keep_their_times_and_the_delay_is_the_loudspeakers() -> None:
    steps, source = Steps(), Two()
    cleaned = [captured async for captured in CleanSource(source, steps, Once())]  # type: ignore[arg-type]
    assert [(captured.at, captured.skipped) for captured in cleaned] == [(5.0, 3), (6.0, 0)]
    assert not any(captured.pcm.any() for captured in cleaned)
    assert steps.said == [(960, 75.0)] * 2
    assert source.closed


async def test_closing_early_closes_the_microphone() -> None:
    source = Two()
    frames = CleanSource(source, Steps()).__aiter__()  # type: ignore[arg-type]
    await anext(frames)
    await frames.aclose()  # type: ignore[attr-defined]
    assert source.closed


async def test_what_is_played_is_noted() -> None:
    steps, inner = Steps(), Once()
    sink = EchoingSink(inner, steps)  # type: ignore[arg-type]
    await sink.run(silence)
    assert steps.heard == [320]
    assert sink.latency_ms == 75
    assert sink.underruns is inner.underruns
