from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.vision import cpu_budget


def group(mounts: Path, name: str, **files: str) -> None:
    folder = mounts / name
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file.replace("__", ".")).write_text(text + "\n")


def budgets(tmp_path: Path, groups: str) -> list[float]:
    (tmp_path / "cgroup").write_text(groups)
    return list(cpu_budget.group_budgets(tmp_path / "cgroup", tmp_path))


def test_a_group_of_the_second_version_and_those_above_it_count(tmp_path: Path) -> None:
    group(tmp_path, "box/deep", cpu__max="50000 100000")
    (tmp_path / "box" / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert budgets(tmp_path, "0::/box/deep\n") == [0.5, 1.5]


def test_a_group_of_the_first_version_counts(tmp_path: Path) -> None:
    group(tmp_path, "cpu,cpuacct/box", cpu__cfs_quota_us="25000", cpu__cfs_period_us="10000")
    group(tmp_path, "cpu,cpuacct/other", cpu__cfs_quota_us="-1", cpu__cfs_period_us="10000")
    assert budgets(tmp_path, "9:memory:/far\n4:cpu,cpuacct:/box\n0::/\n") == [2.5]
    assert budgets(tmp_path, "4:cpu,cpuacct:/other\n") == []


def test_a_container_that_knows_its_path_outside_finds_its_own_mount(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert budgets(tmp_path, "0::/system.slice/box-1234\n") == [1.0]


def test_a_system_without_groups_has_no_budget(tmp_path: Path) -> None:
    assert list(cpu_budget.group_budgets(tmp_path / "missing", tmp_path)) == []


@pytest.mark.parametrize(("free", "threads"), [(0.5, 1), (1.0, 1), (2.0, 2), (2.5, 2), (4.0, 3), (64.0, 8)])
def test_the_models_leave_the_loop_a_core_where_there_are_enough(
    monkeypatch: pytest.MonkeyPatch, free: float, threads: int
) -> None:
    monkeypatch.setattr(cpu_budget, "available_cores", lambda: free)
    assert cpu_budget.model_threads() == threads


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinities")
def test_an_affinity_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_budget, "group_budgets", lambda: iter(()))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7})
    assert cpu_budget.available_cores() == 3
    monkeypatch.setattr(cpu_budget, "group_budgets", lambda: iter((1.5, 9.0)))
    assert cpu_budget.available_cores() == 1.5
