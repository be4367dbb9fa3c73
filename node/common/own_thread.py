"""A thread for work that may hang for ever, such as on a lost network disk, with a limit on every wait for it.

Threads of asyncio's own pool are joined when the loop and the interpreter end, so one that hangs would keep both from
ending. A daemon thread is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from protocol.errors import NodeError

Result = TypeVar("Result")
Outcome = TypeVar("Outcome")


class OwnThread:
    """A daemon thread that runs one piece of work after the other until `end`; it starts with the first."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], Result]) -> Future[Result]:
        """Queue the work; the future gets what it returns or raises."""
        future: Future[Result] = Future()
        self._work.put(lambda: _do(work, future))
        if self._thread is None:
            self._thread = threading.Thread(target=_run, args=(self._work,), name="file", daemon=True)
            self._thread.start()
        return future

    def end(self) -> None:
        """Let the thread end after the queued work, without waiting for it. May be called more than once."""
        self._work.put(None)


def within(seconds: float, what: str, work: Callable[[], Result]) -> Result:
    """Run the work and return its result. Raises NodeError that names `what` if it takes longer than `seconds`."""
    future = _alone(work)
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():  # the work's own
            raise
        raise _too_slow(what, seconds) from None


async def awaited(seconds: float, what: str, work: Callable[[], Result]) -> Result:
    """Run the work as `within` does, without blocking the event loop."""
    return await settled(seconds, what, _alone(work))


async def left_behind(work: Callable[[], Result]) -> Result:
    """Run the work without blocking the event loop, which, when this is cancelled, ends without waiting for it."""
    return await asyncio.wrap_future(_alone(work))


async def settled(seconds: float, what: str, future: Future[Result]) -> Result:
    """Return the result of work that was started. Raises NodeError if it takes longer than `seconds`."""
    wrapped = asyncio.wrap_future(future)
    try:
        done, _ = await asyncio.wait([wrapped], timeout=seconds)
        if not done:
            raise _too_slow(what, seconds)
        return wrapped.result()
    finally:
        future.cancel()


def _alone(work: Callable[[], Result]) -> Future[Result]:
    thread = OwnThread()
    future = thread.start(work)
    thread.end()
    return future


def _run(work: SimpleQueue[Callable[[], None] | None]) -> None:
    while (job := work.get()) is not None:
        job()
        del job  # else a result that is no longer wanted would stay in memory until the next


def _do(work: Callable[[], Result], future: Future[Result]) -> None:
    if future.cancelled():
        return
    try:
        result = work()
    except BaseException as error:
        _settle(future.set_exception, error)
    else:
        _settle(future.set_result, result)


def _settle(report: Callable[[Outcome], None], outcome: Outcome) -> None:
    """Report an outcome that may no longer be wanted: the future was cancelled, or its loop is closed."""
    with contextlib.suppress(Exception):
        report(outcome)


def _too_slow(what: str, seconds: float) -> NodeError:
    return NodeError(f"{what} does not answer for {seconds:g} s: is it on a disk that is gone?")
