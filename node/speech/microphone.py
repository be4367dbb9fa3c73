"""The default microphone as a source."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import numpy as np

from node.speech import soundcard
from node.speech.audio_io import Captured
from node.speech.pcm import FRAME_SAMPLES, Clock, seconds_of, silence
from node.speech.soundcard import Direction
from protocol.errors import NodeError

logger = logging.getLogger(__name__)

# Captured frames that may wait for the loop (half a second of 60 ms frames). The oldest gives way: late speech is worth
# less than present speech.
MAX_WAITING = 8

# Seconds: a device that says its sound is older than this (or younger than its frame) does not know.
MAX_AGE = 1.0


class Microphone:
    """Yields what the default input captures; `dropped` counts the frames that waited too long.

    A microphone that goes away is silent until the default one, whichever that is then, can be used; `note` tells a
    person of both. NodeError at once when there is no usable microphone.
    """

    def __init__(
        self, frame: int = FRAME_SAMPLES, clock: Clock | None = None, note: Callable[[str], None] = logger.info
    ) -> None:
        soundcard.check(Direction.INPUT)
        self._note = note
        self._stream = 0
        self.dropped = 0
        self._frame = frame
        self._clock = clock or Clock()
        self._gone = False
        self._waiting: deque[Captured] = deque()
        self._changed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames as they are captured; the device is held open until the iterator is closed."""
        was_there = False
        while True:
            try:
                async with aclosing(self._captured(back=was_there)) as frames:
                    async for captured in frames:
                        was_there = True
                        yield captured
            except NodeError:
                if not was_there:
                    raise
            else:
                was_there = True
                self._note(Direction.INPUT.gone)
            async with aclosing(self._silence()) as frames:
                async for captured in frames:
                    yield captured
            soundcard.look_again()

    async def _captured(self, back: bool) -> AsyncGenerator[Captured, None]:
        """Yield what the default device captures until it goes away; NodeError when there is none."""
        loop = asyncio.get_running_loop()
        self._stream += 1
        self._gone = False
        with soundcard.running(Direction.INPUT, blocksize=self._frame, **self._callbacks(loop, self._stream)):
            if back:
                self._note(Direction.INPUT.back)
            while not self._gone:
                await self._changed.wait()
                self._changed.clear()
                while self._waiting:
                    yield self._waiting.popleft()

    async def _silence(self) -> AsyncGenerator[Captured, None]:
        """Yield silence until it is time to look for a device again."""
        begin, period = self._clock.now(), seconds_of(self._frame)
        for count in range(round(soundcard.RETRY_S / period)):
            await self._clock.sleep_until(begin + (count + 1) * period)
            yield Captured(silence(self._frame), begin + count * period)

    def _callbacks(self, loop: asyncio.AbstractEventLoop, stream: int) -> dict[str, Callable[..., None]]:
        """Return what PortAudio's thread calls: both only hand over to the loop."""
        period = seconds_of(self._frame)

        def captured(data: Any, _frames: int, time: Any, _status: Any) -> None:
            age = time.currentTime - time.inputBufferAdcTime
            believed = age if period <= age <= MAX_AGE else period
            loop.call_soon_threadsafe(self._arrived, bytes(data), self._clock.now() - believed)

        def finished() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended, stream)

        return {"callback": captured, "finished_callback": finished}

    def _arrived(self, data: bytes, at: float) -> None:
        if len(self._waiting) == MAX_WAITING:
            self._drop_oldest()
        self._waiting.append(Captured(np.frombuffer(data, np.int16), at))
        self._changed.set()

    def _drop_oldest(self) -> None:
        gone = self._waiting.popleft()
        self.dropped += 1
        lost = gone.skipped + len(gone.pcm)
        following = self._waiting[0]
        self._waiting[0] = Captured(following.pcm, following.at, following.skipped + lost)

    def _ended(self, stream: int) -> None:
        if stream == self._stream:
            self._gone = True
            self._changed.set()
