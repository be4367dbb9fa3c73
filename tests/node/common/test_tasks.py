"""Errors of task groups, and the ends of what runs together."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from happenings import Happenings

from node.common import signals, tasks
from node.common.tasks import begin, first_error, run_together
from protocol.errors import NodeError


async def _fail(error: BaseException) -> None:
    raise error


async def test_the_seconds_count_from_when_all_is_ready() -> None:
    actor, ready = Actor("a"), asyncio.Event()

    async def get_ready() -> None:
        await ready.wait()

    running = asyncio.create_task(run_together([actor], 0.01, ready=get_ready))
    await asyncio.sleep(0.05)
    assert not running.done()
    ready.set()
    await asyncio.wait_for(running, 5)
    assert actor.ended


async def test_what_never_gets_ready_ends_with_its_error() -> None:
    actor = Actor("a")
    with pytest.raises(NodeError, match="no such model"):
        await run_together([actor], 0.01, ready=lambda: _fail(NodeError("no such model")))
    assert actor.ended


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


class Actor:
    """A node that plays its part until cancelled, or fails."""

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        self.name, self.failure = name, failure
        self.ended = ""
        self.begun = asyncio.Event()

    async def run(self) -> None:
        self.begun.set()
        try:
            if self.failure is not None:
                raise self.failure
            await asyncio.Event().wait()
        finally:
            self.ended = "failed" if self.failure is not None else "cancelled"


async def test_a_call_ends_when_its_seconds_are_over() -> None:
    actors = Actor("a"), Actor("b")
    await run_together(actors, 0.01)
    assert [actor.ended for actor in actors] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_call_ends_in_order_on_a_signal(number: signal.Signals) -> None:
    actor = Actor("a")
    calling = asyncio.create_task(run_together([actor], None))
    await actor.begun.wait()
    os.kill(os.getpid(), number)
    await calling
    assert actor.ended == "cancelled"


async def test_a_node_that_fails_ends_the_call_with_its_error() -> None:
    other, failing = Actor("a"), Actor("b", NodeError("the broker is gone"))
    with pytest.raises(NodeError, match="the broker is gone"):
        await run_together([other, failing], None)
    assert other.ended == "cancelled"


async def test_an_error_that_is_no_ones_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await run_together([Actor("a", ZeroDivisionError())], None)


async def test_what_shows_the_call_is_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "REFRESH_EVERY_S", 0.0)
    refreshed = Happenings()
    nodes = asyncio.create_task(run_together([Actor("a")], None, lambda: refreshed.add("again")))
    await refreshed.count(3)
    nodes.cancel()
    await asyncio.gather(nodes, return_exceptions=True)


async def test_signals_are_left_alone_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals.stopping(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
