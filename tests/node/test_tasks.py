"""Errors of task groups."""

from __future__ import annotations

import asyncio

import pytest

from node.tasks import first_error
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
