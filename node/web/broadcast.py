"""Forwards people's Opus packets to every browser that listens, each person on an audio line of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from node.web.fault_containment import TaskOwner
from node.web.mixer import Mixer
from protocol.rtp.retiming import Push, RtpRetimer, RtpTimeline
from protocol.speech import lyra

if TYPE_CHECKING:
    from protocol.rtp.red import Copy

# Audio lines of one listener; further people share the last one. Each costs an RTP sender.
MAX_LINES = 8
# The lines that the page offers: three others beside you, or one to spare for a late joiner.
DEFAULT_LINES = 4
# How late a browser may get the next packet of silence.
POLL_S = 0.1


class Listener:
    """One browser that listens, through one `push` for each audio line.

    Each person gets a line of their own as long as there are enough; the rest share the last line, mixed. `tasks` owns
    the mixing task.
    """

    def __init__(self, pushes: Sequence[Push], tasks: TaskOwner, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._pushes = list(pushes)
        self._lines = [RtpRetimer(push, RtpTimeline(self._began)) for push in pushes]
        self._people: list[list[str]] = [[] for _ in pushes]
        self._tasks = tasks
        self._silence = tasks.create_task(self._send_silence(), name="pauses for a listener")
        self._mixer: Mixer | None = None
        self._mixing: asyncio.Task[None] | None = None

    def forward(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Forward a person's packet, or mix it where the line is shared."""
        index = self._line_of(person)
        if len(self._people[index]) > 1 and self._mixer is not None:
            self._mixer.receive(person, sequence, timestamp, payload, copies)
        else:
            self._lines[index].forward(timestamp, payload, copies, self._clock())

    def left(self, person: str) -> None:
        """Free a person's line."""
        for index, people in enumerate(self._people):
            if person in people:
                people.remove(person)
                self._lines[index].restart()
        if self._mixer is not None:
            self._mixer.remove(person)
        if len(self._people[-1]) <= 1:
            self._stop_mixing()

    def restart(self) -> None:
        """Free all lines: the packets that follow, of any person, do not continue the ones before."""
        for people, line in zip(self._people, self._lines, strict=True):
            people.clear()
            line.pause(self._clock())
        self._stop_mixing()

    def close(self) -> None:
        """Stop sending."""
        self._silence.cancel()
        self._stop_mixing()

    async def _send_silence(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            now = self._clock()
            for line in self._lines:
                line.continue_silence(now)

    def _line_of(self, person: str) -> int:
        for index, people in enumerate(self._people):
            if person in people:
                return index
        index = next((index for index, people in enumerate(self._people) if not people), len(self._people) - 1)
        self._people[index].append(person)
        self._lines[index].restart()
        if len(self._people[index]) > 1 and self._mixer is None:
            self._start_mixing()
        return index

    def _start_mixing(self) -> None:
        self._mixer = Mixer(self._pushes[-1])
        self._mixing = self._tasks.create_task(self._mixer.run(self._began), name="mixing for a listener")

    def _stop_mixing(self) -> None:
        if self._mixing is not None:
            self._mixing.cancel()
        self._mixer = self._mixing = None


class Broadcast:
    """Forwards all people's packets to all listeners, but for those of `excluded`, the person who listens."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.excluded: str | None = None
        self._listeners: list[Listener] = []

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """Remove and close a listener, if it was added."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            listener.close()

    def forward(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Forward a person's packet, unless it is of Lyra, which would be noise: no browser decodes it."""
        if person == self.excluded or lyra.is_lyra(payload):
            return
        for listener in self._listeners:
            listener.forward(person, sequence, timestamp, payload, copies)

    def restart(self) -> None:
        """Free all lines: the audio continues at another position or from another encoder."""
        for listener in self._listeners:
            listener.restart()

    def left(self, person: str) -> None:
        """Free a person's lines."""
        for listener in self._listeners:
            listener.left(person)
