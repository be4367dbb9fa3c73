from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from node.vision.ipc import PaintImage
from node.vision.job_queue import LONGEST_LINE, Job, JobQueue

ROLES = ("captioner", "generator")


def job(client: str, role: str = "generator", text: str = "", extra: bool = False) -> Job:
    with asyncio.Runner() as runner:
        return Job(client, role, PaintImage(text, 0), runner.get_loop().create_future(), extra)


def test_first_come_first_served() -> None:
    line = JobQueue()
    first, second = job("a"), job("b")
    assert line.put(first) is None
    assert line.put(second) is None
    assert [line.take(ROLES), line.take(ROLES), line.take(ROLES)] == [first, second, None]


def test_a_newer_job_takes_the_older_ones_place() -> None:
    line = JobQueue()
    old, other, new = job("a"), job("b"), job("a")
    line.put(old)
    line.put(other)
    assert line.put(new) is old
    assert [line.take(ROLES), line.take(ROLES)] == [new, other]


def test_a_client_may_wait_for_both_kinds() -> None:
    line = JobQueue()
    caption, painting = job("a", "captioner"), job("a", "generator")
    line.put(caption)
    assert line.put(painting) is None
    assert line.take({"generator"}) is painting
    assert line.take({"generator"}) is None
    assert line.take({"captioner"}) is caption


def test_the_oldest_goes_when_the_line_is_full() -> None:
    line = JobQueue()
    jobs = [job(str(client)) for client in range(LONGEST_LINE + 1)]
    displaced = [line.put(each) for each in jobs]
    assert displaced == [None] * LONGEST_LINE + [jobs[0]]
    assert len(line) == LONGEST_LINE


def test_extra_jobs_wait_for_all_others() -> None:
    line = JobQueue()
    extra, caption, painting = job("a", extra=True), job("b", "captioner"), job("c")
    for each in (extra, caption, painting):
        line.put(each)
    assert line.take({"captioner"}) is caption
    line.put(caption)
    assert [line.take(ROLES) for _ in range(4)] == [painting, caption, extra, None]


def test_a_picture_takes_the_place_of_its_clients_extra_one() -> None:
    line = JobQueue()
    extra, picture = job("a", extra=True), job("a")
    line.put(extra)
    assert line.put(picture) is extra
    assert line.take(ROLES) is picture


def test_extra_jobs_go_first_when_the_line_is_full() -> None:
    line = JobQueue()
    extra = job("extra", extra=True)
    for client in range(LONGEST_LINE - 1):
        line.put(job(str(client)))
    line.put(extra)
    assert line.put(job("x")) is extra
    assert line.put(extra) is extra
    assert len(line) == LONGEST_LINE


def test_leaving_takes_nobody_elses_place() -> None:
    line = JobQueue()
    old, new = job("a"), job("a")
    line.put(old)
    line.put(new)
    line.leave(old)
    assert line.clear() == [new]
    line.leave(new)
    assert len(line) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(ROLES))))
def test_every_job_is_served_or_displaced_exactly_once(arrivals: list[tuple[str, str]]) -> None:
    line = JobQueue()
    jobs = [job(client, role) for client, role in arrivals]
    gone = [displaced for each in jobs if (displaced := line.put(each)) is not None]
    served = line.clear()
    assert len(served) == len(set(arrivals))
    assert sorted(map(id, gone + served)) == sorted(map(id, jobs))
