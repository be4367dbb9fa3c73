"""Meters and mute between a node and its devices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from node.speech.audio_io import Captured, Pull, Underruns
from node.speech.level_meter import MeteredSink, MeteredSource
from node.speech.levels import LevelMeter
from node.speech.pcm import Pcm
from node.speech.sinks import NullSink


class Loud:
    async def __aiter__(self) -> AsyncIterator[Captured]:
        for number in range(4):
            yield Captured(np.full(960, 16_384, np.int16), float(number), skipped=number)


async def test_nothing_of_a_muted_source_gets_through() -> None:
    said = MeteredSource(Loud(), LevelMeter())
    loud = []
    async for captured in said:
        loud.append(bool(captured.pcm.any()))
        assert captured.skipped == captured.at
        said.muted = captured.at in (0, 1)
    assert loud == [True, False, False, True]
    assert said.level.muted_s == pytest.approx(0.12)
    assert said.level.mean_dbfs == pytest.approx(-6.02, abs=0.01)


async def test_what_came_encoded_is_kept_back_with_the_sound() -> None:
    class Encoded:
        async def __aiter__(self) -> AsyncIterator[Captured]:
            for _ in range(2):
                yield Captured(np.ones(960, np.int16), 0.0, encoded=b"word")

    said = MeteredSource(Encoded(), LevelMeter())
    kept = []
    async for captured in said:
        kept.append(captured.encoded)
        said.muted = True
    assert kept == [b"word", None]


class Once:
    """Pulls one block."""

    latency_ms = 42.0

    def __init__(self) -> None:
        self.underruns = Underruns()
        self.played: Pcm | None = None

    async def run(self, pull: Pull) -> None:
        self.played = pull(320)


async def test_a_metered_sink_plays_what_it_is_given() -> None:
    inner = Once()
    heard = MeteredSink(inner, LevelMeter())
    await heard.run(lambda samples: np.full(samples, 16_384, np.int16))
    assert inner.played is not None
    assert inner.played[0] == 16_384
    assert heard.level.shown_dbfs == pytest.approx(-6.02, abs=0.01)
    assert heard.latency_ms == 42
    assert heard.underruns is inner.underruns


def test_it_has_the_latency_of_the_sink_at_any_time() -> None:
    assert MeteredSink(NullSink(), LevelMeter()).latency_ms == NullSink().latency_ms == 60
