from __future__ import annotations

import asyncio
import threading

import pytest

from node.common.own_thread import awaited, start, within
from protocol.errors import NodeError


def fail() -> None:
    raise KeyError("a reason")


def run_out() -> None:
    raise TimeoutError("its own")


@pytest.fixture
def hanging():
    """Work that hangs until the test is over, as a read from a disk that is gone."""
    over = threading.Event()
    yield over.wait
    over.set()


async def test_the_result_and_the_error_are_the_works_own() -> None:
    assert within(9, "it", lambda: 5) == await awaited(9, "it", lambda: 5) == 5
    for error, work in ((KeyError, fail), (TimeoutError, run_out)):
        with pytest.raises(error):
            within(9, "it", work)
        with pytest.raises(error):
            await awaited(9, "it", work)


async def test_work_that_hangs_is_left_behind_with_a_line(hanging) -> None:
    with pytest.raises(NodeError, match=r"the file 'a' does not answer for 0\.01 s"):
        within(0.01, "the file 'a'", hanging)
    with pytest.raises(NodeError, match=r"the file 'a' does not answer for 0\.01 s"):
        await awaited(0.01, "the file 'a'", hanging)


def test_neither_the_loop_nor_the_interpreter_waits_for_it(hanging) -> None:
    asyncio.run(_left_behind(hanging))
    threads = [thread for thread in threading.enumerate() if thread.name == "file"]
    assert threads
    assert all(thread.daemon for thread in threads)


async def _left_behind(hanging) -> None:
    task = asyncio.create_task(awaited(60, "it", hanging))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_result_that_nobody_wants_any_more_is_dropped(hanging) -> None:
    over = threading.Event()
    future = start(over.wait)
    assert future.cancel()
    over.set()
    assert future.cancelled()
