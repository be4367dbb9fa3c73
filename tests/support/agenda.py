"""Simulated time: what is due when, in the order in which it was put down, and the timers of those who take part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol


class Timed(Protocol):
    """What has a deadline, as the state machines of `protocol` have."""

    def get_timer(self) -> float | None: ...

    def handle_timer(self, now: float) -> None: ...


class Agenda:
    """A base for rooms that are joined in memory: `run` lets time pass from one thing that is due to the next."""

    def __init__(self) -> None:
        self.now = 100.0
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def timed(self) -> Iterator[tuple[Timed, Callable[[], None]]]:
        """Each machine with a timer, and what hands on what it has to say."""
        raise NotImplementedError

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self._next()) is not None and due <= end:
            self.now = max(self.now, due)
            self._step()
        self.now = end

    def later(self, after_s: float, action: Callable[[], None]) -> None:
        self._count += 1
        self._entries.append((self.now + after_s, self._count, action))

    def forget_all(self) -> None:
        """Let nothing of what was put down happen."""
        self._entries.clear()

    def _next(self) -> float | None:
        timers = [machine.get_timer() for machine, _ in self.timed()]
        return min([at for at, _, _ in self._entries] + [at for at in timers if at is not None], default=None)

    def _step(self) -> None:
        due = sorted((entry for entry in self._entries if entry[0] <= self.now), key=lambda entry: entry[:2])
        self._entries = [entry for entry in self._entries if entry[0] > self.now]
        for _, _, action in due:
            action()
        everyone: Sequence[tuple[Timed, Callable[[], None]]] = list(self.timed())
        for machine, drain in everyone:
            timer = machine.get_timer()
            if timer is not None and timer <= self.now:
                machine.handle_timer(self.now)
                drain()
