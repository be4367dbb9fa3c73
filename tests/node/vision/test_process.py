from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from node.vision.pipe import Failed, Load, Paint
from node.vision.process import Crash, _environment, _folder, start_process
from protocol.errors import NodeError


async def test_a_request_gets_its_reply_and_nothing_is_left_behind() -> None:
    async with start_process([]) as process:
        assert await process.ask(Load("sculptor", "marble")) == Failed("nothing loaded for Load")
        assert await process.ask(Paint("a cat", 1)) == Failed("nothing loaded for Paint")
        pid = process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_process_that_is_killed_crashes_with_its_signal() -> None:
    async with start_process([]) as process:
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(Crash, match="signal 9"):
            await process.ask(Paint("a cat", 1))


async def test_a_process_that_fails_by_itself_tells_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setattr("node.vision.process.MODULE", "node.vision.missing")
    async with start_process([]) as process:
        with pytest.raises(Crash, match=r"No module named node\.vision\.missing"):
            await process.ask(Paint("a cat", 1))


async def test_a_system_that_starts_nothing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NodeError, match="cannot start the picture worker"):
        async with start_process([]):
            pass


def test_no_setting_of_ours_goes_to_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room's secret may be one."""
    monkeypatch.setenv("PICTOPHONE_ROOM", "otter lamp quartz mild")
    monkeypatch.setenv("pictophone_broker_password", "hunter2")
    monkeypatch.setenv("HF_HOME", "/models")
    environment = _environment(offline=False)
    assert not [name for name in environment if name.upper().startswith("PICTOPHONE_")]
    assert environment["HF_HOME"] == "/models"


async def test_a_folder_that_was_deleted_is_no_place_to_run_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's libraries do not load there."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert _folder() is None
    gone.rmdir()
    assert _folder() == os.sep
    async with start_process([]) as process:
        assert await process.ask(Load("sculptor", "marble")) == Failed("nothing loaded for Load")
    monkeypatch.chdir(tmp_path)
