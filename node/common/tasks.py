"""What asyncio's task groups lack: one error at a time, work that comes when they end, the first of several to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any


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
