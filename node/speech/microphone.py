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

# Captured frames that may wait for the loop (half a second of 60 ms frames). The oldest is dropped: late speech is
# worth less than present speech.
MAX_WAITING = 8

# Seconds. A device that reports its sound as older than this (or younger than its frame) does not know.
MAX_AGE = 1.0


class Microphone:
    """What the default input captures; `dropped` counts the frames that waited too long.

    A microphone that is unplugged is followed by silence until there is a default one again; `note` gets a line about
    either. Raises NodeError if there is no usable microphone at first.
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
        self._lost = False
        self._waiting: deque[Captured] = deque()
        self._changed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames as they are captured; the device stays open until the iterator is closed."""
        found_before = False
        while True:
            try:
                async with aclosing(self._captured(again=found_before)) as frames:
                    async for captured in frames:
                        found_before = True
                        yield captured
            except NodeError:
                if not found_before:
                    raise
            else:
                found_before = True
                self._note(Direction.INPUT.gone)
            async with aclosing(self._silence()) as frames:
                async for captured in frames:
                    yield captured
            soundcard.rescan()

    async def _captured(self, again: bool) -> AsyncGenerator[Captured, None]:
        """Yield what the default device captures until it is unplugged. Raises NodeError if there is none."""
        loop = asyncio.get_running_loop()
        self._stream += 1
        self._lost = False
        with soundcard.running(Direction.INPUT, blocksize=self._frame, **self._callbacks(loop, self._stream)):
            if again:
                self._note(Direction.INPUT.back)
            while not self._lost:
                await self._changed.wait()
                self._changed.clear()
                while self._waiting:
                    yield self._waiting.popleft()

    async def _silence(self) -> AsyncGenerator[Captured, None]:
        """Yield silence until the next attempt to open a device."""
        begin, period = self._clock.now(), seconds_of(self._frame)
        for count in range(round(soundcard.RETRY_S / period)):
            await self._clock.sleep_until(begin + (count + 1) * period)
            yield Captured(silence(self._frame), begin + count * period)

    def _callbacks(self, loop: asyncio.AbstractEventLoop, stream: int) -> dict[str, Callable[..., None]]:
        """Return what PortAudio's thread calls: both only hand over to the loop."""
        period = seconds_of(self._frame)

        def captured(data: Any, _frames: int, time: Any, _status: Any) -> None:
            age = time.currentTime - time.inputBufferAdcTime
            plausible_age = age if period <= age <= MAX_AGE else period
            loop.call_soon_threadsafe(self._append, bytes(data), self._clock.now() - plausible_age)

        def finished() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, stream)

        return {"callback": captured, "finished_callback": finished}

    def _append(self, data: bytes, at: float) -> None:
        if len(self._waiting) == MAX_WAITING:
            self._drop_oldest()
        self._waiting.append(Captured(np.frombuffer(data, np.int16), at))
        self._changed.set()

    def _drop_oldest(self) -> None:
        oldest = self._waiting.popleft()
        self.dropped += 1
        lost = oldest.skipped + len(oldest.pcm)
        following = self._waiting[0]
        self._waiting[0] = Captured(following.pcm, following.at, following.skipped + lost)

    def _finish(self, stream: int) -> None:
        if stream == self._stream:
            self._lost = True
            self._changed.set()
