"""The default microphone as a source."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np

from node.speech import soundcard
from node.speech.sound import FRAME_SAMPLES, Clock, seconds_of
from node.speech.soundcard import Direction
from node.speech.sources import Captured

MAX_WAITING = 8
"""Captured frames that may wait for the loop (half a second of 60 ms frames). The oldest gives way: late
speech is worth less than present speech."""

MAX_AGE = 1.0
"""Seconds: a device that says its sound is older than this (or younger than its frame) does not know."""


class Microphone:
    """Yields what the default input captures; `dropped` counts the frames that waited too long.

    NodeError at once when there is no usable microphone, and from the iterator when it goes away.
    """

    def __init__(self, frame: int = FRAME_SAMPLES, clock: Clock | None = None) -> None:
        soundcard.check(Direction.INPUT)
        self.dropped = 0
        self._frame = frame
        self._clock = clock or Clock()
        self._gone = False
        self._waiting: deque[Captured] = deque()
        self._changed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames as they are captured; the device is held open until the iterator is closed."""
        loop = asyncio.get_running_loop()
        with soundcard.running(Direction.INPUT, blocksize=self._frame, **self._callbacks(loop)):
            while True:
                await self._changed.wait()
                self._changed.clear()
                while self._waiting:
                    yield self._waiting.popleft()
                if self._gone:
                    raise soundcard.unusable(Direction.INPUT, EOFError("it stopped"))

    def _callbacks(self, loop: asyncio.AbstractEventLoop) -> dict[str, Callable[..., None]]:
        """Return what PortAudio's thread calls: both only hand over to the loop."""
        period = seconds_of(self._frame)

        def captured(data: Any, _frames: int, time: Any, _status: Any) -> None:
            age = time.currentTime - time.inputBufferAdcTime
            believed = age if period <= age <= MAX_AGE else period
            loop.call_soon_threadsafe(self._arrived, bytes(data), self._clock.now() - believed)

        def finished() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended)

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

    def _ended(self) -> None:
        self._gone = True
        self._changed.set()
