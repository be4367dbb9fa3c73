"""A libopus that kills or stops whoever loads it is found out by another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from node.speech import opus_trial
from node.speech.opus_libraries import library_path
from protocol.errors import NodeError


def test_one_that_works_passes() -> None:
    opus_trial.check(Path(library_path()))


def test_one_that_is_cut_off_is_refused_and_kills_nobody_here(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux loads the beginning of a library")
    cut, whole = tmp_path / "libopus.so", Path(library_path()).read_bytes()
    cut.write_bytes(whole[:8192])
    with pytest.raises(NodeError, match=r"^it ends the process that loads it, by SIG(BUS|SEGV)$"):
        opus_trial.check(cut)


def test_what_ends_in_an_error_of_pythons_is_left_to_who_loads_it(tmp_path: Path) -> None:
    (text := tmp_path / "libopus.so").write_text("no library")
    opus_trial.check(text)
    with pytest.raises(NodeError, match=r"^Is a directory$"):
        opus_trial.check(tmp_path)


def test_one_that_never_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_command: object, timeout: float, **_rest: object) -> None:
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setattr(subprocess, "run", hangs)
    with pytest.raises(NodeError, match=r"^it does not answer within 30 s$"):
        opus_trial.check(Path(library_path()))
