"""Signals that ask a process to end: Ctrl-C (SIGINT), SIGTERM, and SIGHUP, which a closed terminal sends.

All three do the same. The first ends a command in order: a call posts its goodbye and closes its recording, other work
is interrupted as if by an error, so that half-written files are removed. The second ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

# Windows has no SIGHUP; its Ctrl-Break and its closed console are SIGBREAK.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class _First:
    """A handler of the first signal, which calls `act`; from then on each signal ends the process at once."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self._act = act
        self.received: int | None = None
        self.before: dict[int, Any] = {}
        self.ended = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        for ending in ENDING:
            if signal.getsignal(ending) is self:
                signal.signal(ending, signal.SIG_DFL)
        self._act(number)


@contextlib.contextmanager
def caught(act: Callable[[int], None]) -> Iterator[None]:
    """Call `act` at the first signal for the length of the context, in the main thread between any two steps of it.

    Within another such context this one takes precedence; after a signal in either, the next ends the process. One that
    is ignored from the beginning stays so, as with `nohup`. Does nothing in other threads, which get no signals.
    """
    first = _First(act)
    for number in ENDING:
        if number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN:
            continue
        with contextlib.suppress(ValueError):  # not the main thread
            first.before[number] = signal.signal(number, first)
    try:
        yield
    finally:
        first.ended = True
        for number in first.before:
            _restore(number, first)


def _restore(number: int, first: _First) -> None:
    """Install the handler from before all contexts that ended: those of concurrent tasks need not end in order."""
    current: Any = signal.getsignal(number)
    handler = first if first.received is not None and current is signal.SIG_DFL else current
    while isinstance(handler, _First) and handler.ended:
        received_within = handler.received is not None and isinstance(handler.before[number], _First)
        handler = signal.SIG_DFL if received_within else handler.before[number]
    if handler is not current:
        signal.signal(number, handler)


@contextlib.contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` in the running event loop at the first signal: for work without an end of its own."""
    loop = asyncio.get_running_loop()
    with caught(lambda number: _soon(loop, stop)):
        yield


def _soon(loop: asyncio.AbstractEventLoop, stop: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(stop)


@contextlib.contextmanager
def breaking_off() -> Iterator[None]:
    """Raise SystemExit(128 + its number), as shells count, at the first signal: around a command."""
    with caught(_exit):
        yield


def _exit(number: int) -> None:
    raise SystemExit(128 + number)


def leave_to_parent() -> None:
    """Ignore Ctrl-C and a closed terminal in a process of `multiprocessing`; it ends with its parent at the latest."""
    for number in ENDING:
        if number != signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine in a new event loop; the first signal cancels it, and then raises as in `breaking_off`."""
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
