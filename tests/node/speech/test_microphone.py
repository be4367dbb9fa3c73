from __future__ import annotations

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from node.speech.audio_io import Captured
from node.speech.microphone import MAX_WAITING, Microphone
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


async def taken(task: asyncio.Task[Captured], count: int) -> list[Captured]:
    return [await anext(task.frames) for _ in range(count)]


async def until_silent(task: asyncio.Task[Captured]) -> Captured:
    captured = await anext(task.frames)
    assert not captured.pcm.any()
    return captured


async def test_a_microphone_that_goes_away_is_silent_until_another_is_there(card, hand) -> None:
    notes: list[str] = []
    stream, task = await started(Microphone(clock=hand.clock, note=notes.append), card)
    stream.settings["callback"](frame(1), 960, TIMES, None)
    stream.settings["finished_callback"]()
    assert (await task).pcm.any()
    first = await until_silent(task)
    assert notes == ["the microphone went away; looking for another one"]
    assert stream.state == "closed"
    card.refuses = True
    silent = await taken(task, 40)
    assert not any(captured.pcm.any() for captured in silent)
    assert [captured.at for captured in silent] == pytest.approx([first.at + 0.06 * n for n in range(1, 41)], abs=0.03)
    assert card.rescans >= 2
    card.refuses = False
    following = asyncio.ensure_future(anext(task.frames))
    while len(card.streams) < 2:
        await asyncio.wait([following], timeout=0.01)
        if following.done():
            following = asyncio.ensure_future(anext(task.frames))
    card.streams[-1].settings["callback"](frame(7), 960, TIMES, None)
    assert (await following).pcm[0] == 7
    assert notes[-1] == "the default microphone is in use again"
    await task.frames.aclose()
    assert card.streams[-1].state == "closed"


async def test_no_microphone_at_the_start_is_an_error(card, hand) -> None:
    microphone = Microphone(clock=hand.clock)
    card.refuses = True
    with pytest.raises(NodeError, match="no usable microphone"):
        await anext(microphone.__aiter__())


async def test_cancelling_closes_the_device(card, hand) -> None:
    stream, task = await started(Microphone(clock=hand.clock), card)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.state == "closed"
