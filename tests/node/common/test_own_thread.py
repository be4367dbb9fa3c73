from __future__ import annotations

import asyncio
import threading

import pytest

from node.common.own_thread import OwnThread, awaited, settled, within
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


def test_one_piece_of_work_is_done_after_the_other_in_the_same_thread() -> None:
    thread, done = OwnThread(), []
    futures = [thread.start(lambda number=number: done.append((number, threading.get_ident()))) for number in range(5)]
    thread.end()
    for future in futures:
        future.result()
    assert [number for number, _ in done] == list(range(5))
    assert len({where for _, where in done}) == 1


async def test_work_that_nobody_waits_for_any_more_is_left_out_and_the_next_is_done(hanging) -> None:
    thread, begun = OwnThread(), []
    first = thread.start(hanging)
    second = thread.start(lambda: begun.append("second"))
    with pytest.raises(NodeError, match="does not answer"):
        await settled(0.01, "it", second)
    third = thread.start(lambda: "third")
    first.cancel()
    hanging.__self__.set()
    assert await settled(9, "it", third) == "third"
    assert not begun
