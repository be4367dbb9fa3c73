"""Lines read aloud by a synthesiser in memory."""

from __future__ import annotations

import asyncio

import numpy as np

from node.speech.pcm import Pcm, samples_of
from node.spoken.read_aloud import MAX_READY_S, MAX_WAITING, PAUSE_S, ReadAloud
from protocol.errors import NodeError


class FakeVoice:
    """Speaks a tenth of a second for each letter, as loud as the first one's code."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.error: NodeError | None = None

    async def __call__(self, text: str) -> Pcm:
        if self.error is not None:
            raise self.error
        self.spoken.append(text)
        return np.full(samples_of(0.1 * len(text)), ord(text[0]) if text else 0, np.int16)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_lines_come_one_after_the_other_with_a_pause_between() -> None:
    aloud = ReadAloud(FakeVoice(), lambda text: None)
    running = asyncio.create_task(aloud.run())
    assert aloud.pull(320) is None
    aloud.read("aa")
    aloud.read("b")
    await settle()
    pulled = [aloud.pull(320) for _ in range(60)]
    sound = np.concatenate([block for block in pulled if block is not None])
    levels = [int(level) for level in sound[:: samples_of(0.05)]]
    assert levels[:4] == [97] * 4
    assert levels[4 : 4 + round(PAUSE_S / 0.05)] == [0] * round(PAUSE_S / 0.05)
    assert levels[4 + round(PAUSE_S / 0.05)] == 98
    assert aloud.pull(320) is None
    running.cancel()


async def test_of_too_many_lines_the_oldest_are_left_out_and_no_more_is_made_than_is_played() -> None:
    voice, notes = FakeVoice(), list[str]()
    aloud = ReadAloud(voice, notes.append)
    running = asyncio.create_task(aloud.run())
    for number in range(MAX_WAITING + 3):
        aloud.read(f"{number:040d}")
    await settle()
    assert len(notes) == 3
    assert "some are left out" in notes[0]
    assert voice.spoken == [f"{3:040d}"]  # four seconds: enough for now
    for _ in range(round((4 - MAX_READY_S) / 0.02) + 20):
        assert aloud.pull(320) is not None
    await settle()
    assert voice.spoken == [f"{3:040d}", f"{4:040d}"]
    running.cancel()


async def test_a_voice_that_cannot_be_used_is_noted_and_nothing_ends() -> None:
    voice, notes = FakeVoice(), list[str]()
    voice.error = NodeError("it is hoarse")
    aloud = ReadAloud(voice, notes.append)
    running = asyncio.create_task(aloud.run())
    aloud.read("a")
    await settle()
    assert notes == ["lines are not spoken any more: it is hoarse"]
    assert (aloud.pull(320), running.done()) == (None, False)
    running.cancel()
