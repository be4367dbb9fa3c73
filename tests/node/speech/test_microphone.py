from __future__ import annotations

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from node.speech.microphone import MAX_WAITING, Microphone
from node.speech.sources import Captured
from protocol.errors import NodeError

TIMES = SimpleNamespace(currentTime=5.0, inputBufferAdcTime=4.93)


async def started(microphone: Microphone, card) -> tuple[object, asyncio.Task[Captured]]:
    """Begin to listen; return the stream and the task that waits for the first frame."""
    frames = microphone.__aiter__()
    task = asyncio.ensure_future(anext(frames))
    task.frames = frames  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    return card.streams[-1], task


def frame(value: int) -> bytes:
    return np.full(960, value, np.int16).tobytes()


async def test_a_frame_is_dated_when_it_was_captured(card, hand) -> None:
    stream, task = await started(Microphone(clock=hand.clock), card)
    stream.settings["callback"](frame(3), 960, TIMES, None)
    captured = await task
    assert captured.at == pytest.approx(1000 - 0.07)
    assert np.array_equal(captured.pcm, np.full(960, 3))
    await task.frames.aclose()
    assert stream.state == "closed"


@pytest.mark.parametrize("current", [0.0, 86_400.0])
async def test_a_device_without_times_is_believed_to_be_prompt(card, hand, current: float) -> None:
    stream, task = await started(Microphone(clock=hand.clock), card)
    stream.settings["callback"](frame(3), 960, SimpleNamespace(currentTime=current, inputBufferAdcTime=0.0), None)
    assert (await task).at == pytest.approx(1000 - 0.06)
    await task.frames.aclose()


async def test_the_oldest_gives_way_and_is_counted(card, hand) -> None:
    microphone = Microphone(clock=hand.clock)
    stream, task = await started(microphone, card)
    for value in range(MAX_WAITING + 3):
        stream.settings["callback"](frame(value), 960, TIMES, None)
    first = await task
    second = await anext(task.frames)
    assert microphone.dropped == 3
    assert (first.pcm[0], first.skipped) == (3, 3 * 960)
    assert (second.pcm[0], second.skipped) == (4, 0)
    await task.frames.aclose()


async def test_a_microphone_that_goes_away_ends_the_source(card, hand) -> None:
    stream, task = await started(Microphone(clock=hand.clock), card)
    stream.settings["callback"](frame(1), 960, TIMES, None)
    stream.settings["finished_callback"]()
    await task
    with pytest.raises(NodeError, match=r"no usable microphone \(it stopped\)"):
        await anext(task.frames)


async def test_cancelling_closes_the_device(card, hand) -> None:
    stream, task = await started(Microphone(clock=hand.clock), card)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.state == "closed"
