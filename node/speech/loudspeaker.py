"""The default loudspeaker as a sink."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from node.speech import soundcard
from node.speech.sinks import BLOCK_MS, Pull, Underruns
from node.speech.sound import BLOCK_SAMPLES, seconds_of
from node.speech.soundcard import Direction

AHEAD = 4
"""Blocks the loop keeps ready for the device, so that the loop may be 60 ms late unheard."""


class Loudspeaker:
    """Plays on the default output. Each block that the device takes is replaced: its clock is the pace.

    NodeError at once when there is no usable loudspeaker, and from `run` when it goes away.
    """

    def __init__(self) -> None:
        soundcard.check(Direction.OUTPUT)
        self.underruns = Underruns()
        self.latency_ms = AHEAD * BLOCK_MS
        self._ready: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._taken = 0
        self._gone = False

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""
        self._fill(pull)
        loop = asyncio.get_running_loop()
        with soundcard.running(Direction.OUTPUT, blocksize=BLOCK_SAMPLES, **self._callbacks(loop)) as stream:
            self.latency_ms = (AHEAD - 1) * BLOCK_MS + stream.latency * 1000
            while not self._gone:
                await self._changed.wait()
                self._changed.clear()
                self._fill(pull)
        raise soundcard.unusable(Direction.OUTPUT, EOFError("it stopped"))

    def _fill(self, pull: Pull) -> None:
        while len(self._ready) < AHEAD:
            self._ready.append(pull(BLOCK_SAMPLES).tobytes())

    def _callbacks(self, loop: asyncio.AbstractEventLoop) -> dict[str, Callable[..., None]]:
        """Return what PortAudio's thread calls (a deque's two ends are safe to share between threads)."""

        def wanted(out: Any, _frames: int, _time: Any, _status: Any) -> None:
            self._take(out)
            loop.call_soon_threadsafe(self._changed.set)

        def finished() -> None:
            self._gone = True
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._changed.set)

        return {"callback": wanted, "finished_callback": finished}

    def _take(self, out: Any) -> None:
        try:
            out[:] = self._ready.popleft()
        except IndexError:
            out[:] = bytes(len(out))
            self.underruns.note(seconds_of(self._taken))
        self._taken += BLOCK_SAMPLES
