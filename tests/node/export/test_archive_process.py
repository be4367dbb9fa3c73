"""Workers as processes of this machine: they are real, and so are their deaths."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from files import written
from sessions import came, picture, spoken, tone

from node.common import child_process
from node.export.archive_messages import ArchiveJob, pack
from node.export.archive_process import MODULE, WorkerDied, hire_process
from node.export.archive_units import ArchiveOptions, Unit

RECORDS = [came("b", 0.1, "Ben"), picture("me", 0.3, "a cat"), *spoken("b", tone(0.6, 500), at=1.0)]


@pytest.fixture
def job(tmp_path: Path) -> ArchiveJob:
    (tmp_path / "out/.part/1").mkdir(parents=True)
    return ArchiveJob(ArchiveOptions(str(tmp_path / "out"), format="srt"), str(tmp_path / "out/.part/1"))


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(str(written(tmp_path / "a.mcap", RECORDS)), "a.srt")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def test_a_process_exports_one_unit_after_the_other_and_ends_with_its_context(
    job: ArchiveJob, unit: Unit
) -> None:
    async with hire_process(job) as worker:
        pid = worker.pid
        made = (await worker.export(unit, lambda share: None)).made
        assert made is not None
        assert made.is_at(Path(job.stage, "a.srt"))
        missing = await worker.export(Unit("/no/such.mcap", "b.srt"), lambda share: None)
        assert missing.reason == "cannot read '/no/such.mcap': No such file or directory"
    assert not is_running(pid)


async def test_one_that_is_killed_is_an_error_that_says_so(job: ArchiveJob, unit: Unit) -> None:
    async with hire_process(job) as worker:
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerDied, match="signal 9"):
            await worker.export(unit, lambda share: None)


async def test_one_that_fails_to_start_says_why(job: ArchiveJob, unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "command", lambda module: (sys.executable, "-m", "no_such_module_of_ours"))
    async with hire_process(job) as worker:
        with pytest.raises(WorkerDied, match="No module named no_such_module_of_ours"):
            await worker.export(unit, lambda share: None)


async def test_cancelled_in_the_middle_of_a_unit_it_is_gone(job: ArchiveJob, unit: Unit) -> None:
    pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        async with hire_process(job) as worker:
            pid.set_result(worker.pid)
            await worker.export(unit, lambda share: None)

    task = asyncio.create_task(work())
    await pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(await pid)


def test_it_ends_when_its_parent_is_gone(job: ArchiveJob, unit: Unit) -> None:
    """Its standard input ends then; so it does in the middle of a unit, and leaves Ctrl-C to its parent."""
    process = subprocess.Popen(
        child_process.command(MODULE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_process.environment()
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(pack(job) + pack(unit))
    process.stdin.flush()
    assert process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
async def test_one_that_is_stopped_is_given_up(job: ArchiveJob, unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    from node.export import archive_process
    from node.vision import hang_detector

    monkeypatch.setattr(archive_process, "POLL_S", 0.05)
    monkeypatch.setattr(hang_detector, "HANGS_S", 0.2)
    async with hire_process(job) as worker:
        os.kill(worker.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(WorkerDied, match="it did nothing for"):
            await worker.export(unit, lambda share: None)
        assert time.monotonic() > began
