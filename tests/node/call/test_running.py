"""Nodes run until one fails, their time is up, or a signal comes."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from happenings import Happenings

from node.call import running
from node.call.running import run_nodes
from node.common import signals
from protocol.errors import NodeError


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
    await run_nodes(actors, 0.01)
    assert [actor.ended for actor in actors] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_call_ends_in_order_on_a_signal(number: signal.Signals) -> None:
    actor = Actor("a")
    calling = asyncio.create_task(run_nodes([actor], None))
    await actor.begun.wait()
    os.kill(os.getpid(), number)
    await calling
    assert actor.ended == "cancelled"


async def test_a_node_that_fails_ends_the_call_with_its_error() -> None:
    other, failing = Actor("a"), Actor("b", NodeError("the broker is gone"))
    with pytest.raises(NodeError, match="the broker is gone"):
        await run_nodes([other, failing], None)
    assert other.ended == "cancelled"


async def test_an_error_that_is_no_ones_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await run_nodes([Actor("a", ZeroDivisionError())], None)


async def test_what_shows_the_call_is_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "REFRESH_EVERY_S", 0.0)
    refreshed = Happenings()
    running_nodes = asyncio.create_task(run_nodes([Actor("a")], None, lambda: refreshed.add("again")))
    await refreshed.count(3)
    running_nodes.cancel()
    await asyncio.gather(running_nodes, return_exceptions=True)


async def test_signals_are_left_alone_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals.stopping(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
