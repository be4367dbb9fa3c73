#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What a call is like on a slow machine: the demo under a budget of processor time, and what the models' start takes.

    sudo scripts/bench_slow                     # two cores, one, and half of one
    scripts/bench_slow --way busy               # without control groups: half a core is one beside a busy process
    scripts/bench_slow --start                  # processor seconds and memory of the model process until it is ready

A budget is a control group's (of either version, which takes root), else cores that are shared with busy processes.
Ends with exit code 1 if a goal is missed. The page's and the recording's work is left out; so is the loudspeaker's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.vision.hang_detector import measure_activity

MOUNTS = Path("/sys/fs/cgroup")
REPOSITORY = Path(__file__).resolve().parents[1]
EMBEDDED = REPOSITORY / "node" / "vision" / "embedded"
CAPTIONER, GENERATOR = str(EMBEDDED / "captioner"), str(EMBEDDED / "generator")

# A budget's period. A short one is a slower processor; the 100 ms that systems have by default are one that stops for
# 50 ms at a time, which is worth a look too: --period 100.
PERIOD_MS = 10

# Beyond the call's own time, before a demo counts as stuck.
SPARE_S = 60.0

BUSY = "while True: pass"


@dataclass(frozen=True, slots=True)
class Budget:
    """So many cores, a share of them, and when underruns begin to count: after the first second or the fifth."""

    name: str
    cores: int
    share: float = 1.0
    counts_from: str = "underruns"


BUDGETS = {
    budget.name: budget
    for budget in (
        Budget("2 cores", 2),
        Budget("1 core", 1, counts_from="underruns_after_5s"),
        Budget("half a core", 1, 0.5, "underruns_after_5s"),
    )
}


class CannotBudget(Exception):
    """This machine has no such budget to give."""


@contextmanager
def control_group(quota: float, period_ms: int) -> Iterator[Path]:
    """The file that takes the ids of processes which may use so much of a core together."""
    period = period_ms * 1000
    folder, limits = _group(round(quota * period), period)
    try:
        folder.mkdir()
        for name, value in limits.items():
            (folder / name).write_text(str(value))
        yield folder / "cgroup.procs"
    except OSError as error:
        raise CannotBudget(f"no control group ({error.strerror}): be root, or use --way busy") from error
    finally:
        with suppress(OSError):
            folder.rmdir()


def _group(quota_us: int, period_us: int) -> tuple[Path, dict[str, str | int]]:
    """Where a group is made on this machine, and what it is told."""
    name = f"pictophone-bench-{os.getpid()}"
    first = MOUNTS / "cpu"  # of the first version; the second has one tree for all
    if first.is_dir():
        return first / name, {"cpu.cfs_period_us": period_us, "cpu.cfs_quota_us": quota_us}
    with suppress(OSError):
        (MOUNTS / "cgroup.subtree_control").write_text("+cpu")
    return MOUNTS / name, {"cpu.max": f"{quota_us} {period_us}"}


@contextmanager
def busy_processes(cores: set[int], count: int) -> Iterator[None]:
    """So many processes on each of these cores that never rest."""
    running = [_on({core}, [sys.executable, "-c", BUSY]) for core in cores for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _on(cores: set[int], command: list[str], group: Path | None = None, **options: Any) -> subprocess.Popen[str]:
    """A process on these cores, and in this group from its first instruction on."""

    def confine() -> None:
        os.sched_setaffinity(0, cores)
        if group is not None:
            group.write_text(str(os.getpid()))

    return subprocess.Popen(command, preexec_fn=confine, text=True, **options)  # noqa: PLW1509


def demo(budget: Budget, arguments: argparse.Namespace) -> dict[str, Any]:
    """One call under the budget: a row of figures. Raises CannotBudget."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < budget.cores:
        raise CannotBudget(f"this machine has {len(available)} cores")
    cores = set(available[-budget.cores :])
    command = [sys.executable, "-m", "node", "demo", "--json", "--speaker", "none", "--page", "off"]
    command += ["--seconds", str(arguments.seconds)]
    with ExitStack() as stack:
        group = None
        if budget.share < 1 and arguments.way == "cgroup":
            group = stack.enter_context(control_group(budget.cores * budget.share, arguments.period))
        elif budget.share < 1:
            stack.enter_context(busy_processes(cores, round(1 / budget.share) - 1))
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        process = _on(cores, command, group, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=arguments.seconds + SPARE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {"error": "it did not end"}
    if not out.strip():
        return {"error": (err.strip().splitlines() or ["it said nothing"])[-1]}
    return figures(json.loads(out))


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    """The worse of both directions, of everything; the number of pictures is of both."""
    sides = list(summary.values())

    def worst(part: str, key: str) -> float | None:
        found = [side[part].get(key) for side in sides]
        return None if None in found else max(found)

    return {
        "underruns": worst("speech", "underruns"),
        "underruns_after_5s": worst("speech", "underruns_after_5s"),
        "missed": sum(side["speech"]["lost"] + side["speech"]["late"] for side in sides),
        "mouth_to_ear_ms_p50": worst("speech", "mouth_to_ear_ms_p50"),
        "mouth_to_ear_ms_p95": worst("speech", "mouth_to_ear_ms_p95"),
        "setup_ms": worst("call", "setup_ms"),
        "first_picture_s": worst("picture", "first_painted_s"),
        "pictures": sum(side["picture"]["painted"] for side in sides),
        "loop_lag_ms_p99": worst("call", "loop_lag_ms_p99"),
        "loop_lag_ms_max": worst("call", "loop_lag_ms_max"),
    }


def start() -> dict[str, Any]:
    """What the model process takes until it is ready: with both models, and with each alone."""
    import asyncio

    models = {"both": (CAPTIONER, GENERATOR), "captioner": (CAPTIONER, None), "generator": (None, GENERATOR)}
    return {name: asyncio.run(_start(*chosen)) for name, chosen in models.items()}


async def _start(captioner: str | None, generator: str | None) -> dict[str, float]:
    from node.vision.worker import Worker

    began = time.monotonic()
    async with Worker(captioner, generator) as worker:
        await worker.ready()
        took, pid = time.monotonic() - began, worker.pid
        assert pid is not None
        used = measure_activity(pid)
        memory_mb = _resident_mb(pid)
    assert used is not None
    return {"cpu_s": round(used.cpu_s, 2), "seconds": round(took, 2), "memory_mb": memory_mb}


def _resident_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) // 1024


def shown(name: str, row: dict[str, Any]) -> str:
    """A row as a line."""
    return f"{name}: " + ", ".join(f"{key} {'-' if value is None else value}" for key, value in row.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", action="append", choices=BUDGETS, help="only this one; may be repeated")
    parser.add_argument("--seconds", type=float, default=25.0, help="how long each call is")
    parser.add_argument("--way", choices=("cgroup", "busy"), default="cgroup" if os.geteuid() == 0 else "busy")
    parser.add_argument("--period", type=int, default=PERIOD_MS, metavar="MS", help="of a control group's budget")
    parser.add_argument("--start", action="store_true", help="measure the model process's start instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows, missed = {}, False
    for name, row in _rows(arguments):
        rows[name] = row
        missed = missed or "error" in row or bool(row.get(getattr(BUDGETS.get(name), "counts_from", "")))
        if not arguments.json:
            print(shown(name, row), flush=True)
    if arguments.json:
        print(json.dumps(rows, indent=1))
    sys.exit(missed)


def _rows(arguments: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    if arguments.start:
        yield from start().items()
        return
    for name in arguments.budget or BUDGETS:
        try:
            yield name, demo(BUDGETS[name], arguments)
        except CannotBudget as error:
            print(f"bench_slow: left out {name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
