"""Errors of task groups, and their end."""

from __future__ import annotations

import asyncio

import pytest

from node.common.tasks import begin, first_error
from protocol.errors import NodeError


async def _fail(error: BaseException) -> None:
    raise error


async def test_the_first_error_comes_out_by_itself() -> None:
    with pytest.raises(NodeError, match="first"), first_error():
        async with asyncio.TaskGroup() as outer:
            outer.create_task(_fail(ExceptionGroup("inner", [NodeError("first"), NodeError("second")])))


async def test_other_errors_and_none_pass_unchanged() -> None:
    with first_error():
        """Nothing happens."""
    with pytest.raises(KeyError), first_error():
        raise KeyError("x")
    with pytest.raises(asyncio.CancelledError), first_error():
        raise asyncio.CancelledError


async def test_work_that_comes_when_the_group_ends_is_dropped() -> None:
    done: list[str] = []
    begun: list[bool] = []

    async def work(name: str) -> None:
        done.append(name)

    async def while_ending(group: asyncio.TaskGroup) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            begun.append(begin(group, "late", work("late")))

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            begun.append(begin(group, "in time", work("in time")))
            group.create_task(while_ending(group))

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (begun, done) == ([True, False], ["in time"])
