"""A child's environment, folder and pipe of replies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.common import child_process

CODE = """
from node.common.child_process import claim_stdout
replies = claim_stdout()
print("noise of a library", flush=True)
replies.write(b"a reply")
replies.flush()
"""


def test_what_libraries_print_is_no_reply() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a reply", b"noise of a library\n")


def test_settings_are_left_out_and_our_package_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_ROOM", "a secret")
    monkeypatch.setenv("pictophone_broker_password", "hunter2")
    monkeypatch.setenv("PYTHONPATH", "theirs")
    environment = child_process.environment()
    assert not [name for name in environment if name.upper().startswith("PICTOPHONE_")]
    first, *rest = environment["PYTHONPATH"].split(os.pathsep)
    assert (Path(first) / "node").is_dir()
    assert rest == ["theirs"]


def test_without_a_path_of_theirs_there_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert (Path(child_process.environment()["PYTHONPATH"]) / "node").is_dir()


def test_a_folder_that_was_deleted_is_none_to_run_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert child_process.working_folder() is None
    gone.rmdir()
    assert child_process.working_folder() == os.sep
    monkeypatch.chdir(tmp_path)
