"""The default loudspeaker as a sink."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from node.speech import soundcard
from node.speech.audio_io import Pull, Underruns
from node.speech.pcm import BLOCK_SAMPLES, Clock, seconds_of
from node.speech.playback_buffer import BLOCK_MS, DEVICE_BLOCKS, BufferDepth
from node.speech.soundcard import Direction
from protocol.errors import NodeError

logger = logging.getLogger(__name__)


class Loudspeaker:
    """Plays on the default output. Each block that the device takes is replaced: its clock is the pace.

    When the loudspeaker goes away, what is said is lost until the default one, whichever that is then, can be used;
    `note` tells a person of both. The loop keeps `blocks` of 20 ms ready for the device, and more after each time that
    it came too late (`BufferDepth`). NodeError at once when there is no usable loudspeaker.
    """

    def __init__(
        self, clock: Clock | None = None, note: Callable[[str], None] = logger.info, blocks: int = DEVICE_BLOCKS
    ) -> None:
        soundcard.check(Direction.OUTPUT)
        self._clock, self._note, self._depth = clock or Clock(), note, BufferDepth(blocks)
        self._stream = 0
        self._device_ms = BLOCK_MS
        self.underruns = Underruns()
        self._ready: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._taken = 0
        self._gone = False

    @property
    def latency_ms(self) -> float:
        """The device's, and that of the blocks before it."""
        return (self._depth.blocks - 1) * BLOCK_MS + self._device_ms

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""
        was_there = False
        while True:
            try:
                await self._play(pull, back=was_there)
            except NodeError:
                if not was_there:
                    raise
            else:
                was_there = True
                self._note(Direction.OUTPUT.gone)
            await self._play_to_nobody(pull)
            soundcard.look_again()

    async def _play(self, pull: Pull, back: bool) -> None:
        """Play on the default device until it goes away; NodeError when there is none."""
        self._fill(pull)
        loop = asyncio.get_running_loop()
        self._stream += 1
        self._gone = False
        callbacks = self._callbacks(loop, self._stream)
        with soundcard.running(Direction.OUTPUT, blocksize=BLOCK_SAMPLES, **callbacks) as stream:
            self._device_ms = stream.latency * 1000
            if back:
                self._note(Direction.OUTPUT.back)
            while not self._gone:
                await self._changed.wait()
                self._changed.clear()
                self._fill(pull)

    async def _play_to_nobody(self, pull: Pull) -> None:
        """Keep the pace until it is time to look for a device again."""
        begin = self._clock.now()
        for count in range(round(soundcard.RETRY_S * 1000 / BLOCK_MS)):
            pull(BLOCK_SAMPLES)
            await self._clock.sleep_until(begin + (count + 1) * BLOCK_MS / 1000)

    def _fill(self, pull: Pull) -> None:
        while len(self._ready) < self._depth.blocks:
            self._ready.append(pull(BLOCK_SAMPLES).tobytes())

    def _callbacks(self, loop: asyncio.AbstractEventLoop, stream: int) -> dict[str, Callable[..., None]]:
        """Return what PortAudio's thread calls (a deque's two ends are safe to share between threads)."""

        def wanted(out: Any, _frames: int, _time: Any, _status: Any) -> None:
            self._take(out)
            loop.call_soon_threadsafe(self._changed.set)

        def finished() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended, stream)

        return {"callback": wanted, "finished_callback": finished}

    def _ended(self, stream: int) -> None:
        if stream == self._stream:
            self._gone = True
            self._changed.set()

    def _take(self, out: Any) -> None:
        try:
            out[:] = self._ready.popleft()
            self._depth.left(len(self._ready))
        except IndexError:
            out[:] = bytes(len(out))
            self.underruns.note(seconds_of(self._taken))
            self._depth.ran_dry(1)
        self._taken += BLOCK_SAMPLES
