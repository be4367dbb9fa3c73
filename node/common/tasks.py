"""What asyncio's task groups lack: one error at a time, work that comes when they end, an end by time or signal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

from node.common import signals

# Between two refreshes of what shows a call.
REFRESH_EVERY_S = 0.5

# Waits until all is there that the time counts for.
Ready: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Runnable(Protocol):
    """Anything that runs as one named task, as a node does."""

    @property
    def name(self) -> str: ...

    async def run(self) -> None:
        """Run until cancelled."""


@contextlib.contextmanager
def first_error() -> Iterator[None]:
    """Raise the first error of the TaskGroup within by itself: the others are what it led to."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def begin(tasks: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]) -> bool:
    """Start the work, unless the group is ending: then drop it, and return False. Peers leave at any time."""
    try:
        tasks.create_task(work, name=name)
    except RuntimeError:
        work.close()
        return False
    return True


async def first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, by itself or by an error, which is raised; cancel the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def stop_if_cancelled() -> None:
    """Raise CancelledError if the present task was cancelled before.

    aiomqtt waits in `asyncio.wait_for`, which until Python 3.12 forgets a cancellation that comes with its result.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def run_together(
    works: Sequence[Runnable],
    seconds: float | None,
    refresh: Callable[[], None] = lambda: None,
    ready: Ready | None = None,
) -> None:
    """Run all until one fails, the seconds are over, or a signal comes; call `refresh` every REFRESH_EVERY_S.

    The seconds count from `ready` on, if it is given. Raises what the first to fail raised.
    """
    stop = asyncio.Event()
    with signals.stopping(stop.set), first_error():
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(work.run(), name=work.name) for work in works]
            group.create_task(_end(running, stop, seconds, ready), name="end")
            group.create_task(_refresh(refresh, running), name="refresh")


async def _end(
    running: Sequence[asyncio.Task[None]], stop: asyncio.Event, seconds: float | None, ready: Ready | None
) -> None:
    await first_to_end(_until(stop), _pass(seconds, ready))
    for task in running:
        task.cancel()


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


async def _pass(seconds: float | None, ready: Ready | None) -> None:
    """Let the seconds pass; None: for ever."""
    if ready is not None:
        await ready()
    if seconds is None:
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(seconds)


async def _refresh(refresh: Callable[[], None], running: Sequence[asyncio.Task[None]]) -> None:
    while not all(task.done() for task in running):
        refresh()
        await asyncio.wait(running, timeout=REFRESH_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
