"""Who hears whom: each listener's lines, and the people on them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from node.web.fault_containment import TaskOwner
from protocol.rtp.retiming import Push, RtpRetimer, RtpTimeline
from protocol.speech import lyra

if TYPE_CHECKING:
    from node.web.mixer import Mixer
    from protocol.rtp.red import Copy

MAX_LINES = 8
"""Lines of one listener; more people than that share the last one. Each costs an RTP sender."""

POLL_S = 0.1
"""How late a browser may be told that a pause goes on."""

DEFAULT_LINES = 4
"""What the page offers: three others beside you, or one to spare for whoever joins later."""


class Listener:
    """One listener. Everyone who is heard gets a line of his own as long as there are enough; the last line is shared
    by the rest, mixed. `tasks` owns what mixes."""

    def __init__(self, pushes: Sequence[Push], tasks: TaskOwner, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._pushes = list(pushes)
        self._lines = [RtpRetimer(push, RtpTimeline(self._began)) for push in pushes]
        self._people: list[list[str]] = [[] for _ in pushes]
        self._tasks = tasks
        self._quiet = tasks.create_task(self._keep_quiet(), name="pauses for a listener")
        self._mix: Mixer | None = None
        self._mixing: asyncio.Task[None] | None = None

    def packet(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Have him heard."""
        index = self._line_of(person)
        if len(self._people[index]) > 1 and self._mix is not None:
            self._mix.packet(person, sequence, timestamp, payload, copies)
        else:
            self._lines[index].forward(timestamp, payload, copies, self._clock())

    def left(self, person: str) -> None:
        """He says nothing any more."""
        for index, people in enumerate(self._people):
            if person in people:
                people.remove(person)
                self._lines[index].begin_anew()
        if self._mix is not None:
            self._mix.forget(person)
        if len(self._people[-1]) <= 1:
            self._mix_no_more()

    def begin_anew(self) -> None:
        """What follows, by whomever, does not go on where this ended."""
        for people, line in zip(self._people, self._lines, strict=True):
            people.clear()
            line.pause(self._clock())
        self._mix_no_more()

    def close(self) -> None:
        """Nobody listens any more."""
        self._quiet.cancel()
        self._mix_no_more()

    async def _keep_quiet(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            now = self._clock()
            for line in self._lines:
                line.keep_quiet(now)

    def _line_of(self, person: str) -> int:
        for index, people in enumerate(self._people):
            if person in people:
                return index
        index = next((index for index, people in enumerate(self._people) if not people), len(self._people) - 1)
        self._people[index].append(person)
        self._lines[index].begin_anew()
        if len(self._people[index]) > 1 and self._mix is None:
            self._begin_to_mix()
        return index

    def _begin_to_mix(self) -> None:
        from node.web.mixer import Mixer

        self._mix = Mixer(self._pushes[-1])
        self._mixing = self._tasks.create_task(self._mix.run(self._began), name="mixing for a listener")

    def _mix_no_more(self) -> None:
        if self._mixing is not None:
            self._mixing.cancel()
        self._mix = self._mixing = None


class Broadcast:
    """What is heard, told to all listeners."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._listening: list[Listener] = []
        self.unheard: str | None = None  # whoever takes part from the page does not hear himself

    def __len__(self) -> int:
        return len(self._listening)

    def add(self, listening: Listener) -> None:
        """Somebody listens from now on."""
        self._listening.append(listening)

    def remove(self, listening: Listener) -> None:
        """And no more."""
        if listening in self._listening:
            self._listening.remove(listening)
            listening.close()

    def packet(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """A person's packet came; one of Lyra, which no browser decodes, would be noise there."""
        if person == self.unheard or lyra.is_lyra(payload):
            return
        for listening in self._listening:
            listening.packet(person, sequence, timestamp, payload, copies)

    def begin_anew(self) -> None:
        """The sound goes on from elsewhere, or later, or another way."""
        for listening in self._listening:
            listening.begin_anew()

    def left(self, person: str) -> None:
        """A person is gone."""
        for listening in self._listening:
            listening.left(person)
