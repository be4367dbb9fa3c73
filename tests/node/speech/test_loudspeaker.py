from __future__ import annotations

import asyncio

import numpy as np
import pytest

from node.speech.loudspeaker import AHEAD, Loudspeaker
from node.speech.sound import Pcm
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


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_each_block_taken_is_replaced(card) -> None:
    pull = Counter()
    speaker, stream, task = await started(card, pull)
    for number in range(1, 6):
        assert pull.blocks == AHEAD + number - 1
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


async def test_the_latency_is_the_devices_and_ours(card) -> None:
    speaker, _stream, task = await started(card, Counter())
    assert speaker.latency_ms == pytest.approx(60 + 15)
    await stop(task)


async def test_a_loudspeaker_that_goes_away_ends_the_run(card) -> None:
    _speaker, stream, task = await started(card, Counter())
    stream.settings["finished_callback"]()
    with pytest.raises(NodeError, match=r"no usable loudspeaker \(it stopped\)"):
        await task
