"""Detection of a model process that hangs, by the processor time that it uses.

A process that works is slow, one that does nothing hangs. So the same limits hold on any machine and for any model: a
picture that takes a minute is waited for, a process that was stopped or is in a deadlock is not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# Between two measurements of the process.
POLL_S = 1.0

# A request that takes longer is noted once: the user learns why no picture comes.
SLOW_S = 10.0

# No processor time for so long: it hangs. A second would do for arithmetic; a laptop's disk may take some to wake up.
HANGS_S = 15.0

# The same while a model may be downloading from the hub, whose library retries for a minute.
HANGS_ONLINE_S = 120.0

# The same where the system does not show what a process does: longer than any picture is worth waiting for.
UNKNOWN_S = 900.0

# Less processor time between two measurements is that of a timer in some library's thread.
LEAST_CPU_S = 0.005


@dataclass(frozen=True, slots=True)
class Activity:
    """The processor time of a process, in seconds, and whether it waits for a core or a disk now."""

    cpu_s: float
    waits: bool = False
    stopped: bool = False


class HangDetector:
    """The hang detector of one request. `online` means that the process may wait for the network."""

    def __init__(self, now: float, online: bool = False) -> None:
        self._began = self._polled = now
        self._limit = HANGS_ONLINE_S if online else HANGS_S
        self._cpu_s = 0.0
        self.still_s = 0.0

    def elapsed_s(self, now: float) -> float:
        """Return the seconds since the request."""
        return now - self._began

    def hangs(self, activity: Activity | None, now: float) -> bool:
        """Return whether to wait no longer, after a measurement; None is one that failed."""
        # A long time between two measurements is our own: the node was stopped, or the machine asleep.
        self.still_s += min(now - self._polled, 2 * POLL_S)
        self._polled = now
        if activity is None:
            return self.still_s >= UNKNOWN_S
        if activity.waits or activity.cpu_s >= self._cpu_s + LEAST_CPU_S:
            self._cpu_s, self.still_s = max(self._cpu_s, activity.cpu_s), 0.0
        return self.still_s >= (HANGS_S if activity.stopped else self._limit)


def measure_activity(pid: int, proc: Path = Path("/proc")) -> Activity | None:
    """Return what the process does now; None if the system does not show it, or there is no such process."""
    if (proc / str(pid)).is_dir():
        return _from_proc(proc / str(pid))
    return _from_psutil(pid)


def _from_proc(folder: Path) -> Activity | None:
    """Return the time of all threads, and their states ("R" runs or waits for a core, "D" for a disk): Linux."""
    try:
        threads = [_fields(task / "stat") for task in (folder / "task").iterdir()]
        process = _fields(folder / "stat")
    except OSError:
        return None
    ticks = int(process[11]) + int(process[12])
    return Activity(
        ticks / os.sysconf("SC_CLK_TCK"),
        waits=any(thread[0] in "RD" for thread in threads),
        stopped=process[0] in "Tt",
    )


def _fields(stat: Path) -> list[str]:
    """Return the fields from the state on: the name before it may contain blanks and brackets."""
    return stat.read_text(errors="replace").rpartition(")")[2].split()


def _from_psutil(pid: int) -> Activity | None:
    """Return the activity on other systems, by a package that one of the model libraries requires."""
    try:
        import psutil  # type: ignore[import-untyped]

        process = psutil.Process(pid)
        times, state = process.cpu_times(), process.status()
    except Exception:  # not installed, or no access to this process
        return None
    return Activity(times.user + times.system, stopped=state == psutil.STATUS_STOPPED)
