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
from typing import TypeVar

from protocol.errors import NodeError

Result = TypeVar("Result")
Outcome = TypeVar("Outcome")


def start(work: Callable[[], Result]) -> Future[Result]:
    """Begin the work in a daemon thread; the future holds what it returned or raised."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            _settle(future.set_exception, error)
        else:
            _settle(future.set_result, result)

    threading.Thread(target=run, name="file", daemon=True).start()
    return future


def within(seconds: float, what: str, work: Callable[[], Result]) -> Result:
    """Return what the work returns. Raises NodeError naming `what` when that takes longer than `seconds`."""
    future = start(work)
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():  # the work's own
            raise
        raise _too_slow(what, seconds) from None


async def awaited(seconds: float, what: str, work: Callable[[], Result]) -> Result:
    """Do the same for a coroutine, without holding its loop."""
    future = asyncio.wrap_future(start(work))
    try:
        done, _ = await asyncio.wait([future], timeout=seconds)
        if not done:
            raise _too_slow(what, seconds)
        return future.result()
    finally:
        future.cancel()


def _too_slow(what: str, seconds: float) -> NodeError:
    return NodeError(f"{what} does not answer for {seconds:g} s: is it on a disk that is gone?")


def _settle(report: Callable[[Outcome], None], outcome: Outcome) -> None:
    """Hand over what nobody may want any more: the future was cancelled, or its loop is closed."""
    with contextlib.suppress(Exception):
        report(outcome)
