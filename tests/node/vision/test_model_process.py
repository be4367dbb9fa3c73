from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from node.vision import hang_detector
from node.vision import model_process as module
from node.vision.ipc import MOST_BYTES, CaptionImage, Failed, LoadModel, PaintImage, Request
from node.vision.loading import QUIET
from node.vision.model_process import ProcessCrash, Unsendable, start_process
from protocol.errors import NodeError


async def test_a_request_gets_its_reply_and_nothing_is_left_behind() -> None:
    async with start_process([]) as process:
        assert await process.ask(LoadModel("sculptor", "marble")) == Failed("nothing loaded for LoadModel")
        assert await process.ask(PaintImage("a cat", 1)) == Failed("nothing loaded for PaintImage")
        pid = process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_process_that_is_killed_crashes_with_its_signal() -> None:
    async with start_process([]) as process:
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(ProcessCrash, match="signal 9"):
            await process.ask(PaintImage("a cat", 1))


async def test_a_process_that_fails_by_itself_gives_its_last_line_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setattr("node.vision.model_process.MODULE", "node.vision.missing")
    async with start_process([]) as process:
        with pytest.raises(ProcessCrash, match=r"No module named node\.vision\.missing"):
            await process.ask(PaintImage("a cat", 1))


def become_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become hundredths."""
    monkeypatch.setattr(hang_detector, "HANGS_S", 0.1)
    monkeypatch.setattr(hang_detector, "POLL_S", 0.02)
    monkeypatch.setattr(module, "POLL_S", 0.02)
    monkeypatch.setattr(module, "SLOW_S", 0.04)


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="the system does not show what a process does")
async def test_a_process_that_was_stopped_hangs_is_noted_once_and_killed_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow: list[Request] = []
    async with start_process([], lambda request, seconds: slow.append(request)) as process:
        await process.ask(PaintImage("a cat", 1))
        become_impatient(monkeypatch)
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(ProcessCrash, match="did nothing for"):
            await process.ask(PaintImage("a dog", 1))
        pid = process.pid
    assert slow == [PaintImage("a dog", 1)]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_request_that_cannot_be_sent_costs_the_process_nothing() -> None:
    async with start_process([]) as process:
        for unfit in (PaintImage("a cat", 2**64), CaptionImage(1, 1, bytes(MOST_BYTES)), PaintImage(object(), 1)):  # type: ignore[arg-type]
            with pytest.raises(Unsendable):
                await process.ask(unfit)
        assert await process.ask(PaintImage("a cat", 1)) == Failed("nothing loaded for PaintImage")


@pytest.mark.parametrize("reply", [b"\xff\xff\xff\xff", b"\x01\0\0\0\xc1", b"\x02\0\0\0\x91\x63"])
async def test_a_reply_that_is_none_is_a_crash(reply: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Longer than any picture; no msgpack; of a kind that there is not."""
    script = f"import sys; sys.stdout.buffer.write({reply!r}); sys.stdout.flush(); sys.stdin.read()"
    (tmp_path / "garbler.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(module, "MODULE", "garbler")
    async with start_process([]) as process:
        with pytest.raises(ProcessCrash, match="cannot be read"):
            await process.ask(PaintImage("a cat", 1))


async def test_a_request_given_up_leaves_nothing_behind() -> None:
    async with start_process([]) as process:
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await process.ask(PaintImage("a cat", 1))
        pid = process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_system_that_starts_nothing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NodeError, match="cannot start the picture worker"):
        async with start_process([]):
            pass


async def test_no_setting_of_ours_goes_to_the_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The room's secret may be one."""
    shown = "name for name in os.environ if name.upper().startswith(('PICTOPHONE_', 'HF_'))"
    (tmp_path / "shower.py").write_text(f"import os, sys; sys.exit(' '.join(sorted({shown})))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(module, "MODULE", "shower")
    monkeypatch.setenv("PICTOPHONE_ROOM", "otter lamp quartz mild")
    monkeypatch.setenv("pictophone_broker_password", "hunter2")
    monkeypatch.setenv("HF_HOME", "/models")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for models, expected in (([], {"HF_HOME", "HF_HUB_OFFLINE"}), (["owner/model"], {"HF_HOME"})):
        async with start_process(models) as process:
            with pytest.raises(ProcessCrash) as caught:
                await process.ask(PaintImage("a cat", 1))
        assert set(str(caught.value).split()) - QUIET.keys() == expected


async def test_a_process_starts_in_a_folder_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's libraries do not load there."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    async with start_process([]) as process:
        assert await process.ask(LoadModel("sculptor", "marble")) == Failed("nothing loaded for LoadModel")
    monkeypatch.chdir(tmp_path)
