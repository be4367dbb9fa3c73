"""Level meters, and the mute between a node and its devices."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import numpy as np
import pytest

from node.speech.audio_io import Captured, Pull, Underruns
from node.speech.level_meter import FALL_DB_PER_S, LevelMeter, MeteredSink, MeteredSource
from node.speech.pcm import Pcm
from node.speech.sinks import NullSink


def test_it_rises_at_once_and_falls_slowly() -> None:
    level = LevelMeter()
    assert not level.started
    level.add(-20, 0.02)
    assert level.started
    level.add(-math.inf, 0.5)
    assert level.shown_dbfs == pytest.approx(-20 - FALL_DB_PER_S / 2)
    level.add(-10, 0.02)
    assert level.shown_dbfs == -10


def test_the_mean_leaves_pauses_out() -> None:
    level = LevelMeter()
    assert level.mean_dbfs is None
    for dbfs in (-20, -70, -math.inf, -20):
        level.add(dbfs, 1)
    assert level.mean_dbfs == pytest.approx(-20)
    level.add(-30, 2)
    assert -30 < (level.mean_dbfs or 0) < -20


class Loud:
    async def __aiter__(self) -> AsyncIterator[Captured]:
        for number in range(4):
            yield Captured(np.full(960, 16_384, np.int16), float(number), skipped=number)


async def test_nothing_of_a_muted_source_gets_through() -> None:
    source = MeteredSource(Loud(), LevelMeter())
    loud = []
    async for captured in source:
        loud.append(bool(captured.pcm.any()))
        assert captured.skipped == captured.at
        source.muted = captured.at in (0, 1)
    assert loud == [True, False, False, True]
    assert source.level.muted_s == pytest.approx(0.12)
    assert source.level.mean_dbfs == pytest.approx(-6.02, abs=0.01)


async def test_nothing_of_a_closed_source_gets_through_and_it_is_not_muted() -> None:
    source = MeteredSource(Loud(), LevelMeter(), closed=True)
    loud = []
    async for captured in source:
        loud.append(bool(captured.pcm.any()))
        source.closed = captured.at == 0
    assert loud == [False, False, True, True]
    assert source.level.muted_s == 0


async def test_what_came_encoded_is_passed_back_with_the_sound() -> None:
    class Encoded:
        async def __aiter__(self) -> AsyncIterator[Captured]:
            for _ in range(2):
                yield Captured(np.ones(960, np.int16), 0.0, encoded=b"word")

    source = MeteredSource(Encoded(), LevelMeter())
    passed = []
    async for captured in source:
        passed.append(captured.encoded)
        source.muted = True
    assert passed == [b"word", None]


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
    sink = MeteredSink(inner, LevelMeter())
    await sink.run(lambda samples: np.full(samples, 16_384, np.int16))
    assert inner.played is not None
    assert inner.played[0] == 16_384
    assert sink.level.shown_dbfs == pytest.approx(-6.02, abs=0.01)
    assert sink.latency_ms == 42
    assert sink.underruns is inner.underruns


def test_it_has_the_latency_of_the_sink_at_any_time() -> None:
    assert MeteredSink(NullSink(), LevelMeter()).latency_ms == NullSink().latency_ms == 60
