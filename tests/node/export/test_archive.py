"""An archive made by workers that fail, die, or find no room; they are stand-ins that write a few bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from node.export.archive import MOST_DEATHS, Archive
from node.export.archive_folder import ArchiveFolder
from node.export.archive_process import WorkerDied
from node.export.archive_units import MadeFile, Outcome, Unit, digest
from protocol.errors import NodeError

UNITS = tuple(Unit(f"/calls/{name}.mcap", f"{name}.mp4") for name in "abcde")


class Workers:
    """Stand-in workers of one archive. `behaviour` says what the n-th try at a name does, by default it works."""

    def __init__(self, folder: ArchiveFolder, behaviour: Callable[[str, int], Outcome | None]) -> None:
        self.folder, self.behaviour = folder, behaviour
        self.hired = self.ended = self.busy = self.busiest = 0
        self.tried: list[str] = []

    @asynccontextmanager
    async def hire(self) -> AsyncIterator[Workers]:
        self.hired += 1
        try:
            yield self
        finally:
            self.ended += 1

    async def export(self, unit: Unit, done: Callable[[float], None]) -> Outcome:
        name = unit.name.removesuffix(".mp4")
        self.tried.append(name)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        done(0.5)
        try:
            await asyncio.sleep(0)
            outcome = self.behaviour(name, self.tried.count(name))
        finally:
            self.busy -= 1
        if outcome is not None:
            return outcome
        path = self.folder.stage / unit.name
        path.write_text(name)
        return Outcome(MadeFile("0" * 64, 1, path.stat().st_mtime_ns, digest(path)), notes=(f"of {name}",))


def made(
    path: Path, behaviour: Callable[[str, int], Outcome | None], workers: int = 2
) -> tuple[Archive, Workers, list[str], list[float]]:
    notes: list[str] = []
    shown: list[float] = []
    with ArchiveFolder(path) as folder:
        archive = Archive(folder, UNITS, notes.append, shown.append)
        crew = Workers(folder, behaviour)
        asyncio.run(archive.make(crew.hire, workers))
    return archive, crew, notes, shown


def files(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def failures(path: Path) -> dict[str, str]:
    lines = map(json.loads, (path / "failed.jsonl").read_text().splitlines())
    return {line["file"]: line["reason"] for line in lines}


def test_each_worker_exports_one_unit_after_the_other(tmp_path: Path) -> None:
    archive, crew, notes, shown = made(tmp_path, lambda name, count: None)
    assert str(archive.tally) == "5 exported"
    assert (crew.hired, crew.ended, crew.busiest) == (2, 2, 2)
    assert sorted(crew.tried) == list("abcde")
    assert files(tmp_path) == [*(unit.name for unit in UNITS), "index.jsonl"]
    assert f"wrote {tmp_path / 'a.mp4'}: 0.0 kB" in notes
    assert "/calls/a.mcap: of a" in notes
    assert shown[-1] == 5
    assert max(shown) == 5


def test_what_fails_for_a_time_is_tried_again_last_of_all(tmp_path: Path) -> None:
    archive, crew, *_ = made(
        tmp_path, lambda name, count: Outcome(reason="busy") if name == "a" and count < 3 else None
    )
    assert str(archive.tally) == "5 exported"
    assert crew.tried.count("a") == 3
    assert crew.tried[-1] == "a"
    assert not (tmp_path / "failed.jsonl").exists()


def test_what_fails_three_times_is_kept_as_failed_and_the_rest_is_done(tmp_path: Path) -> None:
    archive, crew, notes, shown = made(tmp_path, lambda name, count: Outcome(reason="busy") if name == "a" else None)
    assert str(archive.tally) == "4 exported, 1 failed, see failed.jsonl"
    assert crew.tried.count("a") == 3
    assert failures(tmp_path) == {"/calls/a.mcap": "busy"}
    assert "/calls/a.mcap failed: busy" in notes
    assert shown[-1] == 5


def test_what_lies_in_the_session_is_tried_once(tmp_path: Path) -> None:
    _, crew, *_ = made(tmp_path, lambda name, count: Outcome(reason="odd", lasting=True) if name in "ab" else None)
    assert len(crew.tried) == 5
    assert failures(tmp_path) == {f"/calls/{name}.mcap": "odd" for name in "ab"}


def test_what_is_there_already_is_counted(tmp_path: Path) -> None:
    archive, *_ = made(tmp_path, lambda name, count: Outcome(skipped=True) if name in "abc" else None)
    assert str(archive.tally) == "2 exported, 3 there already"


def test_a_worker_that_dies_is_replaced_and_its_unit_tried_again(tmp_path: Path) -> None:
    def dies_once(name: str, count: int) -> None:
        if name == "b" and count == 1:
            raise WorkerDied("signal 9")

    archive, crew, *_ = made(tmp_path, dies_once)
    assert str(archive.tally) == "5 exported"
    assert (crew.hired, crew.ended) == (3, 3)


def test_a_session_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    def dies(name: str, count: int) -> None:
        if name == "b":
            raise WorkerDied("signal 9")

    archive, *_ = made(tmp_path, dies, workers=1)
    assert archive.tally.made == 4
    assert failures(tmp_path) == {"/calls/b.mcap": "the worker died (signal 9)"}


def test_workers_that_all_die_end_the_archive(tmp_path: Path) -> None:
    def dies(name: str, count: int) -> None:
        raise WorkerDied("no module named node")

    with pytest.raises(NodeError, match=r"the workers die one after the other \(no module named node\): 0 exported"):
        made(tmp_path, dies)
    assert 3 * len(UNITS) > MOST_DEATHS


def test_a_full_disk_ends_the_archive_and_what_is_done_stays(tmp_path: Path) -> None:
    full = Outcome(reason="cannot write 'out/c.mp4': No space left on device", full=True)
    with pytest.raises(NodeError) as error:
        made(tmp_path, lambda name, count: full if name == "c" else None, workers=1)
    assert str(error.value) == (
        "no room is left for the archive (cannot write 'out/c.mp4': No space left on device): "
        "2 exported; 3 left for when it is run again"
    )
    assert files(tmp_path) == ["a.mp4", "b.mp4", "index.jsonl"]


def test_a_disk_that_is_full_when_a_file_gets_its_name_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ArchiveFolder, "commit", full)
    with pytest.raises(NodeError, match=r"cannot write '.*mp4': No space left on device; 0 exported; 5 left"):
        made(tmp_path, lambda name, count: None)
    assert files(tmp_path) == ["index.jsonl"]


def test_a_failure_that_cannot_be_kept_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ArchiveFolder, "fail", full)
    archive, _, notes, _ = made(tmp_path, lambda name, count: Outcome(reason="odd", lasting=True))
    assert archive.tally.failed == 5
    assert notes.count(f"cannot write '{tmp_path / 'failed.jsonl'}': No space left on device") == 5


async def test_a_machine_that_is_waited_for_holds_no_unit_back(tmp_path: Path) -> None:
    with ArchiveFolder(tmp_path) as folder:
        crew = Workers(folder, lambda name, count: None)
        forever = asyncio.Event()

        @asynccontextmanager
        async def hire() -> AsyncIterator[Workers]:
            async with crew.hire() as worker:
                if crew.hired > 1:
                    await forever.wait()
                yield worker

        archive = Archive(folder, UNITS, lambda text: None)
        await archive.make(hire, 3)
    assert str(archive.tally) == "5 exported"
    assert (crew.hired, crew.ended) == (3, 3)


async def test_cancelled_it_ends_all_workers_and_what_is_done_stays(tmp_path: Path) -> None:
    with ArchiveFolder(tmp_path) as folder:
        reached, forever = asyncio.Event(), asyncio.Event()
        crew = Workers(folder, lambda name, count: None)

        class Stuck(Workers):
            async def export(self, unit: Unit, done: Callable[[float], None]) -> Outcome:
                if unit.name == "d.mp4":
                    reached.set()
                    await forever.wait()
                return await crew.export(unit, done)

        stuck = Stuck(folder, lambda name, count: None)
        archive = Archive(folder, UNITS, lambda text: None)
        work = asyncio.create_task(archive.make(stuck.hire, 1))
        await reached.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert (stuck.hired, stuck.ended) == (1, 1)
    assert archive.progress == "3 exported; 2 left for when it is run again"
    assert files(tmp_path) == ["a.mp4", "b.mp4", "c.mp4", "index.jsonl"]


async def test_of_nothing(tmp_path: Path) -> None:
    with ArchiveFolder(tmp_path) as folder:
        await Archive(folder, (), lambda text: None).make(Workers(folder, lambda name, count: None).hire, 1)
