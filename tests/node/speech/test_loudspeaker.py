from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from node.speech.loudspeaker import Loudspeaker
from node.speech.pcm import Pcm
from node.speech.playback_buffer import DEVICE_BLOCKS, SHALLOW_BLOCKS
from protocol.errors import NodeError


class Counter:
    def __init__(self) -> None:
        self.blocks = 0

    def __call__(self, samples: int) -> Pcm:
        self.blocks += 1
        return np.full(samples, self.blocks, np.int16)


async def started(card, pull: Counter) -> tuple[Loudspeaker, object, asyncio.Task[None]]:
    speaker = Loudspeaker()
    task = asyncio.ensure_future(speaker.run(pull))
    await asyncio.sleep(0)
    return speaker, card.streams[-1], task


def heard(stream) -> int:
    out = bytearray(b"\xff" * 640)
    stream.settings["callback"](out, 320, None, None)
    block = np.frombuffer(bytes(out), np.int16)
    assert (block == block[0]).all()
    return int(block[0])


async def until(happened: Callable[[], bool]) -> None:
    """The hand clock never waits: all comes within so many turns of the loop."""
    for _ in range(10_000):
        if happened():
            return
        await asyncio.sleep(0)
    pytest.fail("it never happened")


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_each_block_taken_is_replaced(card) -> None:
    pull = Counter()
    speaker, stream, task = await started(card, pull)
    for number in range(1, 6):
        assert pull.blocks == DEVICE_BLOCKS + number - 1
        assert heard(stream) == number
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert speaker.underruns.count == 0
    await stop(task)
    assert stream.state == "closed"


async def test_a_late_loop_is_an_underrun_and_heard_as_silence(card) -> None:
    speaker, stream, task = await started(card, Counter())
    assert [heard(stream) for _ in range(6)] == [1, 2, 3, 4, 0, 0]
    assert speaker.underruns.count == 2
    assert speaker.underruns.first_at == pytest.approx(0.08)
    await stop(task)


async def test_a_shallow_buffer_is_deepened_whenever_it_ran_dry(card) -> None:
    speaker = Loudspeaker(blocks=SHALLOW_BLOCKS)
    task = asyncio.ensure_future(speaker.run(Counter()))
    await asyncio.sleep(0)
    assert speaker.latency_ms == pytest.approx(20 + 15)
    assert [heard(card.streams[-1]) for _ in range(5)] == [1, 2, 0, 0, 0]
    assert speaker.latency_ms == pytest.approx(80 + 15)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [heard(card.streams[-1]) for _ in range(6)] == [3, 4, 5, 6, 7, 0]
    await stop(task)


async def test_the_latency_is_the_devices_and_ours(card) -> None:
    speaker, _stream, task = await started(card, Counter())
    assert speaker.latency_ms == pytest.approx(60 + 15)
    await stop(task)


async def test_a_loudspeaker_that_goes_away_keeps_pace_until_another_is_there(card, hand) -> None:
    notes: list[str] = []
    pull = Counter()
    speaker = Loudspeaker(hand.clock, notes.append)
    task = asyncio.ensure_future(speaker.run(pull))
    await asyncio.sleep(0)
    before, began = pull.blocks, hand.time
    card.refuses = True
    card.streams[-1].settings["finished_callback"]()
    await until(lambda: hand.time > began + 2.5)
    assert notes == ["the loudspeaker went away; looking for another one"]
    assert pull.blocks - before == pytest.approx(50 * (hand.time - began), abs=2)
    assert card.rescans >= 2
    card.refuses = False
    await until(lambda: len(card.streams) == 2)
    assert notes[-1] == "the default loudspeaker is in use again"
    assert heard(card.streams[-1]) > 0
    await stop(task)
    assert [stream.state for stream in card.streams] == ["closed", "closed"]


async def test_no_loudspeaker_at_the_start_is_an_error(card) -> None:
    speaker = Loudspeaker()
    card.refuses = True
    with pytest.raises(NodeError, match="no usable loudspeaker"):
        await speaker.run(Counter())
