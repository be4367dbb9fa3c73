"""How many processor cores this process may use, which is seldom how many the machine has: a container's budget and
an affinity (`taskset`) count, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MAX_THREADS = 8
"""The embedded models gain nothing beyond; large models run on a GPU."""

PROC = Path("/proc/self/cgroup")
MOUNTS = Path("/sys/fs/cgroup")
V1_CONTROLLERS = ("cpu", "cpu,cpuacct", "cpuacct,cpu")
"""What systems call the folder of the first version's controller."""


def model_threads() -> int:
    """For the models: all cores up to two (priority settles who runs), else one less, so that the loop has its own."""
    free = int(available_cores())
    return max(1, min(free if free <= 2 else free - 1, MAX_THREADS))


def available_cores() -> float:
    """What this process may use, in cores; .5 where a control group has half of one."""
    return min(_allowed(), *group_budgets(), float("inf"))


def _allowed() -> float:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def group_budgets(proc: Path = PROC, mounts: Path = MOUNTS) -> Iterator[float]:
    """The budgets, in cores, of the control groups that this process is in, of either version."""
    try:
        lines = proc.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            for mount in (mounts, mounts / "unified"):
                yield from filter(None, (_budget(folder / "cpu.max") for folder in _upwards(mount, group)))
        elif "cpu" in controllers.split(","):
            for name in V1_CONTROLLERS:
                yield from filter(None, map(_budget_v1, _upwards(mounts / name, group)))


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    """The group's folder and those above it. Within a container the path may be that outside: the mount is left."""
    folder = mount / group.strip("/")
    yield folder
    yield from (above for above in folder.parents if above == mount or mount in above.parents)


def _budget(file: Path) -> float | None:
    """Version 2: "50000 100000" is half a core, "max 100000" no limit."""
    try:
        quota, period = file.read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _budget_v1(folder: Path) -> float | None:
    """Version 1: -1 is no limit."""
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return quota / int((folder / "cpu.cfs_period_us").read_text()) if quota > 0 else None
    except (OSError, ValueError):
        return None
