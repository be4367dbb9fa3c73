"""What `scripts/bench_slow` reads of a summary, and the budgets that it gives."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import bench_slow
import pytest
from bench_slow import Budget, CannotBudget

SIDE: dict[str, Any] = {
    "speech": {
        "underruns": 1, "underruns_after_5s": 0, "lost": 2, "late": 1, "mouth_to_ear_ms_p50": 220.0,
        "mouth_to_ear_ms_p95": 240.0,
    },
    "picture": {"first_painted_s": 2.5, "painted": 4},
    "call": {"setup_ms": 60.0, "loop_lag_ms_p99": 5.0},
}  # fmt: skip


def test_a_row_has_the_worse_of_both_directions() -> None:
    other = {**SIDE, "speech": {**SIDE["speech"], "underruns": 3, "mouth_to_ear_ms_p95": 300.0}}
    row = bench_slow.figures({"a": SIDE, "b": other})
    assert row == {
        "underruns": 3,
        "underruns_after_5s": 0,
        "missed": 6,
        "mouth_to_ear_ms_p50": 220.0,
        "mouth_to_ear_ms_p95": 300.0,
        "setup_ms": 60.0,
        "first_picture_s": 2.5,
        "pictures": 8,
        "loop_lag_ms_p99": 5.0,
        "loop_lag_ms_max": None,
    }
    assert bench_slow.shown("1 core", {"underruns": 0, "loop_lag_ms_max": None}) == (
        "1 core: underruns 0, loop_lag_ms_max -"
    )


def test_a_picture_that_never_came_is_no_number() -> None:
    none = {**SIDE, "picture": {"first_painted_s": None, "painted": 0}}
    assert bench_slow.figures({"a": SIDE, "b": none})["first_picture_s"] is None


@pytest.mark.parametrize(
    ("first_version", "files"),
    [
        (True, {"cpu/group/cpu.cfs_period_us": "10000", "cpu/group/cpu.cfs_quota_us": "5000"}),
        (False, {"group/cpu.max": "5000 10000"}),
    ],
)
def test_a_control_group_of_either_version(
    first_version: bool, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if first_version:
        (tmp_path / "cpu").mkdir()
    monkeypatch.setattr(bench_slow, "MOUNTS", tmp_path)
    with bench_slow.control_group(0.5, 10) as members:
        assert members.name == "cgroup.procs"
        group = members.parent
        written = {f"{path.relative_to(tmp_path)}" for path in group.iterdir()}
        assert written == {name.replace("group", group.name) for name in files}
        for name, text in files.items():
            assert (tmp_path / name.replace("group", group.name)).read_text() == text


def test_a_machine_without_control_groups_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_slow, "MOUNTS", tmp_path / "none")
    with pytest.raises(CannotBudget, match="--way busy"), bench_slow.control_group(0.5, 10):
        pass


def test_more_cores_than_there_are_cannot_be_given() -> None:
    with pytest.raises(CannotBudget, match="cores"):
        bench_slow.demo(Budget("many", 4096), argparse.Namespace(seconds=1.0, way="busy", period=10))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinities")
def test_a_process_is_confined_and_the_busy_ones_end() -> None:
    core = min(os.sched_getaffinity(0))
    with bench_slow.busy_processes({core}, 2):
        script = "import os; print(os.sched_getaffinity(0))"
        out, _ = bench_slow._on({core}, [sys.executable, "-c", script], stdout=-1).communicate()
    assert out.strip() == f"{{{core}}}"
