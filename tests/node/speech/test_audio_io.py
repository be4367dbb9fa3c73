"""What all sources and sinks share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from node.speech.audio_io import ForwardingSink, Underruns
from node.speech.pcm import BLOCK_SAMPLES, Pcm, silence
from node.speech.sinks import NullSink


def test_underruns_are_counted_apart_from_those_of_a_slow_start() -> None:
    underruns = Underruns()
    for at in (0.5, 1.5, 5.5):
        underruns.note(at)
    assert (underruns.count, underruns.settled, underruns.late) == (3, 2, 1)


def ten_blocks(pulled: list[int]) -> Callable[[int], Pcm]:
    def pull(samples: int) -> Pcm:
        if sum(pulled) == 10 * BLOCK_SAMPLES:
            raise asyncio.CancelledError
        pulled.append(samples)
        return silence(samples)

    return pull


async def test_a_forwarding_sink_plays_and_measures_as_the_one_behind_it(hand) -> None:
    device = NullSink(hand.clock)
    front = ForwardingSink(device)
    pulled: list[int] = []
    with pytest.raises(asyncio.CancelledError):
        await front.run(ten_blocks(pulled))
    assert sum(pulled) == 10 * BLOCK_SAMPLES
    assert front.latency_ms == device.latency_ms
    assert front.underruns is device.underruns
