"""What task groups lack: their errors one at a time, and work that comes when they end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any


@contextlib.contextmanager
def first_error() -> Iterator[None]:
    """Around a TaskGroup: raises the first error of its tasks by itself; the others are what it led to."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def begin(tasks: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]) -> bool:
    """Starts the work, unless the group is ending: then it is dropped, and False. A peer may leave when we do."""
    try:
        tasks.create_task(work, name=name)
    except RuntimeError:
        work.close()
        return False
    return True
