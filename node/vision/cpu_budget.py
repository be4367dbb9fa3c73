"""The processor cores that this process may use, which a container's budget or an affinity (`taskset`) may limit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# The embedded models gain nothing beyond; large models run on a GPU.
MAX_THREADS = 8

PROC = Path("/proc/self/cgroup")
MOUNTS = Path("/sys/fs/cgroup")
# Names of the folder of the first version's controller.
V1_CONTROLLERS = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def model_threads() -> int:
    """Return how many threads the models use: all cores up to two (priority decides), else one less, for the loop."""
    free = int(available_cores())
    return max(1, min(free if free <= 2 else free - 1, MAX_THREADS))


def available_cores() -> float:
    """Return the cores that this process may use; .5 if its control group has half of one."""
    return min(_allowed(), *group_budgets(), float("inf"))


def _allowed() -> float:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def group_budgets(proc: Path = PROC, mounts: Path = MOUNTS) -> Iterator[float]:
    """Yield the budgets, in cores, of the control groups of this process, of either version."""
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
    """Yield the group's folder and those above. In a container the path may be that outside: only the mount is left."""
    folder = mount / group.strip("/")
    yield folder
    yield from (above for above in folder.parents if above == mount or mount in above.parents)


def _budget(file: Path) -> float | None:
    """Return the budget of version 2: "50000 100000" is half a core, "max 100000" no limit."""
    try:
        quota, period = file.read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _budget_v1(folder: Path) -> float | None:
    """Return the budget of version 1: a quota of -1 is no limit."""
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return quota / int((folder / "cpu.cfs_period_us").read_text()) if quota > 0 else None
    except (OSError, ValueError):
        return None
