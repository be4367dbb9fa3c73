"""Runs nodes until one fails, their time is up, or a signal comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

from node.common import signals
from node.common.tasks import first_error

# Between two refreshes of what shows a call.
REFRESH_EVERY_S = 0.5


class Participant(Protocol):
    """Anything that takes part in a call."""

    @property
    def name(self) -> str: ...

    async def run(self) -> None:
        """Take part until cancelled."""


async def run_nodes(
    nodes: Sequence[Participant], seconds: float | None, refresh: Callable[[], None] = lambda: None
) -> None:
    """Run nodes until one fails, the seconds are over, or a signal comes; call `refresh` every REFRESH_EVERY_S.

    Raises NodeError if a node does.
    """
    stop = asyncio.Event()
    with signals.stopping(stop.set), first_error():
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(node.run(), name=node.name) for node in nodes]
            group.create_task(_end(running, stop, seconds), name="end")
            group.create_task(_refresh(refresh, running), name="refresh")


async def _end(running: Sequence[asyncio.Task[None]], stop: asyncio.Event, seconds: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    for task in running:
        task.cancel()


async def _refresh(refresh: Callable[[], None], running: Sequence[asyncio.Task[None]]) -> None:
    while not all(task.done() for task in running):
        refresh()
        await asyncio.wait(running, timeout=REFRESH_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
