"""A voice's transcript while it talks: what is captured is cut into utterances, and each becomes a line of text."""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from node.speech.audio_io import Captured, Source
from node.speech.pcm import Pcm
from node.spoken.utterances import Utterance, UtteranceCutter
from protocol.errors import NodeError

# Returns the words in a piece of speech, int16 `(samples,)` of 16 kHz; "" for none.
Transcribe: TypeAlias = Callable[[Pcm], Awaitable[str]]

# Speech that waits to become text. What comes later than this is of no use in a conversation, and a machine that does
# not keep up now will not catch up: the oldest is dropped.
MAX_WAITING_S = 30.0

# Between two lines that say so.
NOTE_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class HeardLine:
    """Words that were spoken: `began` is when, on the monotonic clock, and `seconds` for how long."""

    text: str
    began: float
    seconds: float

    def parts(self, longest: int) -> Iterator[HeardLine]:
        """Yield the words in lines of at most so many characters, each with its share of the time."""
        began, whole = self.began, max(1, len(self.text))
        for text in textwrap.wrap(self.text, longest, break_on_hyphens=False):
            seconds = self.seconds * len(text) / whole
            yield HeardLine(text, began, seconds)
            began += seconds


class Transcript:
    """Writes what is captured as lines, each handed to `say`; `note` gets a line about what was left out.

    `hear` takes a frame in the event loop and does next to nothing; `run` waits for the model. With `prepare`, which
    waits until that is loaded, one that cannot be used is known before anything is said.
    """

    def __init__(
        self,
        transcribe: Transcribe,
        say: Callable[[HeardLine], Awaitable[object]],
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        cutter: UtteranceCutter | None = None,
        prepare: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._transcribe, self._say, self._note, self._clock = transcribe, say, note, clock
        self._cutter, self._prepare = cutter or UtteranceCutter(), prepare
        self._waiting: deque[Utterance] = deque()
        self._news = asyncio.Event()
        self._dropped_s, self._noted_at = 0.0, float("-inf")

    @property
    def waiting_s(self) -> float:
        """How much speech waits to become text."""
        return sum(one.seconds for one in self._waiting)

    def hear(self, captured: Captured) -> None:
        """Take a frame as it is captured."""
        for utterance in self._cutter.put(captured):
            self._waiting.append(utterance)
            self._news.set()
        while len(self._waiting) > 1 and self.waiting_s > MAX_WAITING_S:
            self._dropped_s += self._waiting.popleft().seconds
        if self._dropped_s and self._clock() - self._noted_at >= NOTE_EVERY_S:
            self._note(f"this machine is too slow for the transcript: {self._dropped_s:.0f} s of speech are left out")
            self._dropped_s, self._noted_at = 0.0, self._clock()

    async def run(self) -> None:
        """Write until cancelled; a model that cannot be used is noted, and then nothing is written any more."""
        try:
            if self._prepare is not None:
                await self._prepare()
            while True:
                await self._write(await self._next())
        except NodeError as error:
            self._note(f"your speech is not written any more: {error}")
            while True:  # what is heard from now on is let go
                await self._next()

    async def _next(self) -> Utterance:
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    async def _write(self, utterance: Utterance) -> None:
        text = " ".join((await self._transcribe(utterance.pcm)).split())
        if text:
            await self._say(HeardLine(text, utterance.began, utterance.seconds))


@dataclass
class TappedSource:
    """A source whose frames `hear` gets, too."""

    source: Source
    hear: Callable[[Captured], None]

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames of the source."""
        async for captured in self.source:
            self.hear(captured)
            yield captured
