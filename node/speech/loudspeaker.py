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
    """A sink that plays on the default output. Each block that the device takes is replaced: its clock is the pace.

    A loudspeaker that is unplugged is followed by a sink that plays nothing until there is a default one again; `note`
    gets a line about either. `blocks` of 20 ms are ready for the device at first, and more after each underrun
    (`BufferDepth`). Raises NodeError if there is no usable loudspeaker at first.
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
        self._lost = False

    @property
    def latency_ms(self) -> float:
        """The latency of the device and of the blocks before it."""
        return (self._depth.blocks - 1) * BLOCK_MS + self._device_ms

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""
        found_before = False
        while True:
            try:
                await self._play(pull, again=found_before)
            except NodeError:
                if not found_before:
                    raise
            else:
                found_before = True
                self._note(Direction.OUTPUT.gone)
            await self._discard(pull)
            soundcard.rescan()

    async def _play(self, pull: Pull, again: bool) -> None:
        """Play on the default device until it is unplugged. Raises NodeError if there is none."""
        self._fill(pull)
        loop = asyncio.get_running_loop()
        self._stream += 1
        self._lost = False
        callbacks = self._callbacks(loop, self._stream)
        with soundcard.running(Direction.OUTPUT, blocksize=BLOCK_SAMPLES, **callbacks) as stream:
            self._device_ms = stream.latency * 1000
            if again:
                self._note(Direction.OUTPUT.back)
            while not self._lost:
                await self._changed.wait()
                self._changed.clear()
                self._fill(pull)

    async def _discard(self, pull: Pull) -> None:
        """Pull at the pace of the clock, and play nothing, until the next attempt to open a device."""
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
                loop.call_soon_threadsafe(self._finish, stream)

        return {"callback": wanted, "finished_callback": finished}

    def _finish(self, stream: int) -> None:
        if stream == self._stream:
            self._lost = True
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
