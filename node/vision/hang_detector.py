"""How long the model process may take: one that works is slow, one that does nothing hangs.

What tells them apart is the processor time that it uses, so that the same limits hold on any machine and for any
model: a picture that takes a minute is waited for, a process that was stopped or has locked itself up is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOK_S = 1.0
"""Between two looks at the process."""

SLOW_S = 10.0
"""A request that takes longer is noted once: the user learns why no picture comes."""

HANGS_S = 15.0
"""Nothing done for so long: it hangs. A second would do for arithmetic; a laptop's disk may take some to wake up."""

HANGS_ONLINE_S = 120.0
"""The same while a model may be on its way from the hub, whose library tries again for a minute before it gives up."""

UNKNOWN_S = 900.0
"""The same where the system does not say what a process does: longer than any picture is worth waiting for."""

LEAST_CPU_S = 0.005
"""Less processor time between two looks is that of a timer in some library's thread."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a process has used of the processor, in seconds, and whether it waits for a core or a disk now."""

    cpu_s: float
    waits: bool = False
    stopped: bool = False


class HangDetector:
    """Waits for one request. `online` tells that the network may be what it waits for."""

    def __init__(self, now: float, online: bool = False) -> None:
        self._began = self._looked = now
        self._limit = HANGS_ONLINE_S if online else HANGS_S
        self._cpu_s = 0.0
        self.still_s = 0.0

    def took(self, now: float) -> float:
        """Seconds since the request."""
        return now - self._began

    def hangs(self, activity: Activity | None, now: float) -> bool:
        """Whether to wait no longer, after a look that found this; None is a look that found nothing out."""
        # A long time between two looks is our own: the whole node was stopped, or the machine asleep.
        self.still_s += min(now - self._looked, 2 * LOOK_S)
        self._looked = now
        if activity is None:
            return self.still_s >= UNKNOWN_S
        if activity.waits or activity.cpu_s >= self._cpu_s + LEAST_CPU_S:
            self._cpu_s, self.still_s = max(self._cpu_s, activity.cpu_s), 0.0
        return self.still_s >= (HANGS_S if activity.stopped else self._limit)


def activity(pid: int, proc: Path = Path("/proc")) -> Activity | None:
    """What the process does now; None when the system does not tell, or when there is no such process."""
    if (proc / str(pid)).is_dir():
        return _from_proc(proc / str(pid))
    return _from_psutil(pid)


def _from_proc(folder: Path) -> Activity | None:
    """Linux: the time of all threads, and the state of each ("R" runs or waits for a core, "D" for a disk)."""
    from os import sysconf

    try:
        threads = [_fields(task / "stat") for task in (folder / "task").iterdir()]
        whole = _fields(folder / "stat")
    except OSError:
        return None
    ticks = int(whole[11]) + int(whole[12])
    return Activity(
        ticks / sysconf("SC_CLK_TCK"),
        waits=any(thread[0] in "RD" for thread in threads),
        stopped=whole[0] in "Tt",
    )


def _fields(stat: Path) -> list[str]:
    """From the state on: the name before it may hold anything, blanks and brackets too."""
    return stat.read_text(errors="replace").rpartition(")")[2].split()


def _from_psutil(pid: int) -> Activity | None:
    """Other systems, by a package that one of the model libraries brings along."""
    try:
        import psutil  # type: ignore[import-untyped]

        process = psutil.Process(pid)
        times, state = process.cpu_times(), process.status()
    except Exception:  # not installed, or nothing to be known of this process
        return None
    return Activity(times.user + times.system, stopped=state == psutil.STATUS_STOPPED)
