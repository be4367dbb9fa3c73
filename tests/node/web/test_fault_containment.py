"""What goes wrong for one browser: the call goes on, and so do the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from happenings import until
from PIL import Image
from web_client import Bystander, a_page, visiting

from node.web import page as pages
from node.web.fault_containment import ContainedTasks, Failures

SECRET = "a caption of theirs"


async def broken(*_: Any) -> Any:
    raise KeyError(SECRET)


def test_each_kind_is_noted_once_without_what_it_says() -> None:
    notes: list[str] = []
    failures = Failures(notes.append)
    for error in (KeyError(SECRET), KeyError(SECRET), ValueError(SECRET)):
        with failures.contained():
            raise error
    assert failures.total == 3
    assert len(notes) == 2
    assert SECRET not in str(notes)


async def test_a_task_that_fails_ends_no_other() -> None:
    notes: list[str] = []
    async with asyncio.TaskGroup() as group:
        tasks = ContainedTasks(group, Failures(notes.append))
        failed = tasks.create_task(broken(), name="one")
        await failed
        cancelled = tasks.create_task(asyncio.Event().wait(), name="other")  # type: ignore[arg-type]
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    assert len(notes) == 1


@pytest.mark.parametrize(("error", "status"), [(KeyError(SECRET), 500), (OSError(24, SECRET), 503)])
async def test_a_request_that_goes_wrong_is_answered(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notes: list[str] = []
    async with visiting(a_page(microphone=True, note=notes.append)) as visitor:

        async def failing(offer: str) -> Any:
            raise error

        monkeypatch.setattr(visitor.page.listeners, "open", lambda *_: failing(""))
        headers = {"Content-Type": "application/sdp"}
        async with visitor.ask("POST", "/whep", data=b"v=0", headers=headers) as answer:
            assert answer.status == status
            assert SECRET not in await answer.text()
        assert await visitor.status("GET", "/healthz") == 200
    assert [SECRET in note for note in notes] == [False]
    assert caplog.records == []


async def test_meters_pictures_and_events_that_fail_end_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "POLL_S", 0.01)
    page = a_page()
    page.watch(Bystander())
    async with visiting(page) as visitor:
        monkeypatch.setattr(page.state, "send_rates", lambda: 1 / 0)
        await until(lambda: page.failures.total > 1)
        shown: list[str] = []
        page.state.encoder.encode(None, shown.append)  # type: ignore[arg-type]
        page.state.encoder.encode(Image.new("RGB", (8, 8)), shown.append)
        await until(lambda: shown)
        with monkeypatch.context() as broken_clock:
            broken_clock.setattr(page.state, "wall", lambda: 1 / 0)
            async with visitor.ask("GET", "/events") as answer:
                assert b"state" not in await answer.read()
        async with visitor.ask("GET", "/events") as answer:
            assert [await answer.content.readline() for _ in range(4)][3] == b"event: state\n"
