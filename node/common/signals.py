"""Signals that ask a process to end: Ctrl-C (SIGINT), SIGTERM, and SIGHUP, which a closed terminal sends.

All three do the same. The first ends a command in order: a call says goodbye and closes its recording, other work is
broken off as if by an error, so that half-written files are gone. The second ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

# Windows has no SIGHUP; its Ctrl-Break and its closed console are SIGBREAK.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class _First:
    """A handler of the first signal, which does `act`; from then on each of them ends the process at once."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self._act = act
        self.came: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came = number
        for ending in ENDING:
            if signal.getsignal(ending) is self:
                signal.signal(ending, signal.SIG_DFL)
        self._act(number)


@contextlib.contextmanager
def caught(act: Callable[[int], None]) -> Iterator[None]:
    """Have the first signal do `act` for the length of the context, in the main thread between any two steps of it.

    Within another such context this one comes first; once a signal came in either, the next ends the process. One that
    is ignored from the beginning stays so, as `nohup` has it. Does nothing in other threads, which get no signals.
    """
    first, before = _First(act), {}
    for number in ENDING:
        if number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN:
            continue
        with contextlib.suppress(ValueError):  # not the main thread
            before[number] = signal.signal(number, first)
    try:
        yield
    finally:
        for number, handler in before.items():
            came_within = first.came is not None and isinstance(handler, _First)
            signal.signal(number, signal.SIG_DFL if came_within else handler)


@contextlib.contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Have the first signal call `stop` in the running event loop: for what runs until somebody ends it."""
    loop = asyncio.get_running_loop()
    with caught(lambda number: _soon(loop, stop)):
        yield


def _soon(loop: asyncio.AbstractEventLoop, stop: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(stop)


@contextlib.contextmanager
def breaking_off() -> Iterator[None]:
    """Have the first signal raise SystemExit(128 + its number), as shells count: for a whole command."""
    with caught(_exit):
        yield


def _exit(number: int) -> None:
    raise SystemExit(128 + number)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine in an event loop of its own; the first signal cancels it, and then raises as `breaking_off`."""
    return asyncio.run(_cancelled_by_signals(work))


async def _cancelled_by_signals(work: Coroutine[Any, Any, T]) -> T:
    numbers: list[int] = []
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def cancel(number: int) -> None:
        numbers.append(number)
        _soon(loop, task.cancel)

    with caught(cancel):
        try:
            return await work
        except asyncio.CancelledError:
            if numbers:
                _exit(numbers[0])
            raise
