from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from node.vision.ipc import PaintImage
from node.vision.job_queue import MAX_WAITING, Job, JobQueue, LatestOfEach

ROLES = ("captioner", "generator")


def job(client: str, role: str = "generator", text: str = "", extra: bool = False) -> Job:
    with asyncio.Runner() as runner:
        return Job(client, role, PaintImage(text, 0), runner.get_loop().create_future(), extra)


def test_the_latest_of_each_peer_is_taken_in_the_order_in_which_they_came() -> None:
    queue = LatestOfEach[int]()
    for peer, number in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        queue.put(peer, number)
    queue.discard("c")
    assert len(queue) == 2
    assert [queue.take(), queue.take()] == [("b", 2), ("a", 3)]
    queue.put("a", 5)
    queue.clear()
    assert not queue


async def test_the_latest_are_waited_for() -> None:
    queue = LatestOfEach[int]()
    waiting = asyncio.create_task(queue.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.put("a", 1)
    await waiting
    await queue.wait()  # it is still there


def test_first_come_first_served() -> None:
    queue = JobQueue()
    first, second = job("a"), job("b")
    assert queue.put(first) is None
    assert queue.put(second) is None
    assert [queue.take(ROLES), queue.take(ROLES), queue.take(ROLES)] == [first, second, None]


def test_a_newer_job_takes_the_older_ones_place() -> None:
    queue = JobQueue()
    old, other, new = job("a"), job("b"), job("a")
    queue.put(old)
    queue.put(other)
    assert queue.put(new) is old
    assert [queue.take(ROLES), queue.take(ROLES)] == [new, other]


def test_a_client_may_wait_for_both_kinds() -> None:
    queue = JobQueue()
    caption, painting = job("a", "captioner"), job("a", "generator")
    queue.put(caption)
    assert queue.put(painting) is None
    assert queue.take({"generator"}) is painting
    assert queue.take({"generator"}) is None
    assert queue.take({"captioner"}) is caption


def test_the_oldest_goes_when_the_line_is_full() -> None:
    queue = JobQueue()
    jobs = [job(str(client)) for client in range(MAX_WAITING + 1)]
    dropped = [queue.put(each) for each in jobs]
    assert dropped == [None] * MAX_WAITING + [jobs[0]]
    assert len(queue) == MAX_WAITING


def test_extra_jobs_wait_for_all_others() -> None:
    queue = JobQueue()
    extra, caption, painting = job("a", extra=True), job("b", "captioner"), job("c")
    for each in (extra, caption, painting):
        queue.put(each)
    assert queue.take({"captioner"}) is caption
    queue.put(caption)
    assert [queue.take(ROLES) for _ in range(4)] == [painting, caption, extra, None]


def test_a_picture_takes_the_place_of_its_clients_extra_one() -> None:
    queue = JobQueue()
    extra, picture = job("a", extra=True), job("a")
    queue.put(extra)
    assert queue.put(picture) is extra
    assert queue.take(ROLES) is picture


def test_extra_jobs_go_first_when_the_line_is_full() -> None:
    queue = JobQueue()
    extra = job("extra", extra=True)
    for client in range(MAX_WAITING - 1):
        queue.put(job(str(client)))
    queue.put(extra)
    assert queue.put(job("x")) is extra
    assert queue.put(extra) is extra
    assert len(queue) == MAX_WAITING


def test_leaving_takes_nobody_elses_place() -> None:
    queue = JobQueue()
    old, new = job("a"), job("a")
    queue.put(old)
    queue.put(new)
    queue.discard(old)
    assert queue.clear() == [new]
    queue.discard(new)
    assert len(queue) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(ROLES))))
def test_every_job_is_served_or_dropped_exactly_once(arrivals: list[tuple[str, str]]) -> None:
    queue = JobQueue()
    jobs = [job(client, role) for client, role in arrivals]
    gone = [dropped for each in jobs if (dropped := queue.put(each)) is not None]
    served = queue.clear()
    assert len(served) == len(set(arrivals))
    assert sorted(map(id, gone + served)) == sorted(map(id, jobs))
