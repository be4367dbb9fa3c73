"""A transcript written by a model in memory: its lines, what is left out, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
from happenings import Happenings

from node.speech.audio_io import Captured
from node.speech.pcm import Pcm, samples_of, silence
from node.spoken.transcript import MAX_WAITING_S, HeardLine, TappedSource, Transcript
from node.spoken.utterances import UtteranceCutter
from protocol.errors import NodeError


class FakeModel:
    """Writes how loud an utterance is; waits while `open` is not set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.error: NodeError | None = None

    async def __call__(self, pcm: Pcm) -> str:
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return f" level\n {int(pcm.max())} " if pcm.max() > 1 else ""


class Written:
    """A transcript, what it says and what it notes, and the time."""

    def __init__(self) -> None:
        self.model, self.lines, self.notes, self.now = FakeModel(), Happenings(), list[str](), 0.0
        cutter = UtteranceCutter(lambda pcm: bool(pcm.any()))
        self.transcript = Transcript(self.model, self._say, self.notes.append, lambda: self.now, cutter)

    async def _say(self, line: HeardLine) -> None:
        self.lines.add(line)

    def speak(self, level: int, seconds: float = 1.0) -> None:
        for sound in (np.full(samples_of(seconds), level, np.int16), silence(samples_of(1))):
            self.transcript.hear(Captured(sound, self.now))
            self.now += len(sound) / 16_000


async def test_each_utterance_becomes_a_line_with_its_time() -> None:
    written = Written()
    running = asyncio.create_task(written.transcript.run())
    written.speak(5)
    written.speak(1)  # in which the model finds no words
    written.speak(7)
    first, second = await written.lines.count(2)
    assert (first.text, second.text) == ("level 5", "level 7")
    assert (round(first.began, 2), round(second.began, 1)) == (0.0, 3.7)
    assert 1.2 < first.seconds < 1.4
    running.cancel()


async def test_a_model_that_is_too_slow_loses_the_oldest_and_one_line_a_minute_says_so() -> None:
    written = Written()
    written.model.open.clear()
    running = asyncio.create_task(written.transcript.run())
    for level in range(2, 30):
        written.speak(level, 3)
        assert written.transcript.waiting_s <= MAX_WAITING_S
    assert 1 <= len(written.notes) <= 3
    assert "too slow for the transcript" in written.notes[0]
    written.model.open.set()
    await written.lines.until(lambda lines: bool(lines) and lines[-1].text == "level 29")
    running.cancel()


async def test_a_model_that_cannot_be_used_is_noted_once_and_the_call_goes_on() -> None:
    written = Written()
    written.model.error = NodeError("it is broken")
    running = asyncio.create_task(written.transcript.run())
    for _ in range(3):
        written.speak(5)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert written.notes == ["your speech is not written any more: it is broken"]
    assert not running.done()
    running.cancel()


async def test_a_model_that_cannot_be_loaded_is_noted_before_anything_is_said() -> None:
    async def prepare() -> None:
        raise NodeError("it is broken")

    written, notes = Written(), Happenings()
    transcript = Transcript(written.model, written.lines.add, notes.add, lambda: 0.0, prepare=prepare)  # type: ignore[arg-type]
    running = asyncio.create_task(transcript.run())
    assert await notes.count(1) == ["your speech is not written any more: it is broken"]
    running.cancel()


async def test_a_tapped_source_passes_on_what_is_heard() -> None:
    async def frames() -> AsyncIterator[Captured]:
        for number in range(3):
            yield Captured(np.full(2, number, np.int16), float(number))

    class Source:
        def __aiter__(self) -> AsyncIterator[Captured]:
            return frames()

    heard: list[Captured] = []
    passed = [captured async for captured in TappedSource(Source(), heard.append)]
    assert [one.at for one in passed] == [0.0, 1.0, 2.0]
    assert heard == passed


def test_words_that_are_too_many_for_a_line_are_several_and_none_is_lost() -> None:
    line = HeardLine("well " * 120 + "x" * 250, 10.0, 20.0)
    parts = list(line.parts(200))
    assert max(len(part.text) for part in parts) <= 200
    assert "".join(part.text for part in parts).replace(" ", "") == line.text.replace(" ", "")
    assert (parts[0].began, parts[1].began) == (10.0, 10.0 + parts[0].seconds)
    assert 19.8 < sum(part.seconds for part in parts) <= 20.0
    assert [*HeardLine("short", 1.0, 2.0).parts(200)] == [HeardLine("short", 1.0, 2.0)]
