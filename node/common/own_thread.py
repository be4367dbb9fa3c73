"""Work that may hang for ever (a network disk that went away), in a thread that nothing waits for longer than it wants.

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
    """A daemon thread that does one piece of work after the other until `end`; it begins with the first."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], Result]) -> Future[Result]:
        """Have the work done when its turn comes; the future holds what it returned or raised."""
        future: Future[Result] = Future()
        self._work.put(lambda: _do(work, future))
        if self._thread is None:
            self._thread = threading.Thread(target=_run, args=(self._work,), name="file", daemon=True)
            self._thread.start()
        return future

    def end(self) -> None:
        """Let the thread end once all is done. It may be called more than once; nothing waits for it."""
        self._work.put(None)


def within(seconds: float, what: str, work: Callable[[], Result]) -> Result:
    """Return what the work returns. Raises NodeError naming `what` when that takes longer than `seconds`."""
    future = _alone(work)
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():  # the work's own
            raise
        raise _too_slow(what, seconds) from None


async def awaited(seconds: float, what: str, work: Callable[[], Result]) -> Result:
    """Do the same for a coroutine, without holding its loop."""
    return await settled(seconds, what, _alone(work))


async def settled(seconds: float, what: str, future: Future[Result]) -> Result:
    """Return the result of work that was started. Raises NodeError when it is not there within `seconds`."""
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
        del job  # a result that nobody wants any more would stay until the next


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
    """Hand over what nobody may want any more: the future was cancelled, or its loop is closed."""
    with contextlib.suppress(Exception):
        report(outcome)


def _too_slow(what: str, seconds: float) -> NodeError:
    return NodeError(f"{what} does not answer for {seconds:g} s: is it on a disk that is gone?")
