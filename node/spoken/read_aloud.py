"""Lines of text read aloud: one after the other by a synthesiser, and mixed into what the loudspeaker plays."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import numpy as np

from node.speech.pcm import Pcm, samples_of, seconds_of, silence
from protocol.errors import NodeError

# Returns the sound of a line, int16 `(samples,)` of 16 kHz.
Synthesise: TypeAlias = Callable[[str], Awaitable[Pcm]]

# Lines that wait to be spoken: a minute of them. Of more the oldest are left out, as in any conversation.
MAX_WAITING = 12

# Between two lines.
PAUSE_S = 0.25

# Sound that is ready, beyond which the next line waits: it is made many times faster than it is played.
MAX_READY_S = 2.0


class ReadAloud:
    """Reads lines aloud: `read` takes one, `pull` gives the sound. `note` gets a line when one is left out."""

    def __init__(self, synthesise: Synthesise, note: Callable[[str], None]) -> None:
        self._synthesise, self._note = synthesise, note
        self._waiting: deque[str] = deque()
        self._ready: deque[Pcm] = deque()
        self._ready_samples = 0
        self._changed = asyncio.Event()

    def read(self, text: str) -> None:
        """Read a line after those before it."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._note("lines come faster than they can be spoken: some are left out")
        self._waiting.append(text)
        self._changed.set()

    def pull(self, samples: int) -> Pcm | None:
        """Return the next samples, int16 `(samples,)`; None while nothing is being read."""
        if not self._ready:
            return None
        taken: list[Pcm] = []
        missing = samples
        while missing and self._ready:
            piece = self._ready.popleft()
            taken.append(piece[:missing])
            if len(piece) > missing:
                self._ready.appendleft(piece[missing:])
            missing -= len(taken[-1])
        self._ready_samples -= samples - missing
        self._changed.set()
        return np.concatenate([*taken, silence(missing)])

    async def run(self) -> None:
        """Read until cancelled; a synthesiser that cannot be used is noted, and then nothing is read any more."""
        try:
            while True:
                await self._read_next()
        except NodeError as error:
            self._note(f"lines are not spoken any more: {error}")
            await asyncio.Event().wait()

    async def _read_next(self) -> None:
        while not self._waiting or seconds_of(self._ready_samples) > MAX_READY_S:
            self._changed.clear()
            await self._changed.wait()
        sound = await self._synthesise(self._waiting.popleft())
        if len(sound):
            for piece in (sound, silence(samples_of(PAUSE_S))):
                self._ready.append(piece)
                self._ready_samples += len(piece)
