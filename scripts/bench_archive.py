#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How fast many sessions are exported, and that an archive is whole whatever happens to it. Prints one JSON object.

    scripts/bench_archive.py                        # 20 sessions: one after the other, 2 workers, Ray with 2, 1 worker
    scripts/bench_archive.py --format html --sessions 8
    scripts/bench_archive.py --kills 20 --only kill # kill -9 at random moments, of everything and of a worker

`one_by_one_s` is `session export FILE -o OUT` for each. `identical` says whether all archives have the same bytes. An
archive that was killed is gone on with until it is whole; `wrong_files` counts what was in it under its name then, and
was not what it is in the others.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import session_traffic

from node.export.archive_units import FORMATS
from node.recording.writer import SessionWriter
from protocol.log import Record

ROOT = Path(__file__).parents[1]
EXPORT = (sys.executable, "-m", "node", "session", "export")
ONLY = ("one_by_one", "workers", "ray", "one_worker", "kill")

# Seconds of the shortest session; each is a little longer than the one before.
SECONDS = 6.0

# Within which the processes of one that was killed must have ended.
GONE_WITHIN_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--format", choices=FORMATS, default="mp4")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--only", choices=ONLY, action="append")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        json.dump(Bench(Path(folder), asked).run(asked.only or ONLY), sys.stdout, indent=2)
    print()


class Bench:
    """The same sessions, exported in all ways."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.folder, self.asked = folder, asked
        self.sessions = folder / "sessions"
        self.sessions.mkdir()
        records = session_traffic.duplex(SECONDS + asked.sessions / 10)
        for number in range(asked.sessions):
            write(self.sessions / f"call-{number:02}.mcap", number, records)
        self.archives: dict[str, dict[str, str]] = {}

    def run(self, only: tuple[str, ...] | list[str]) -> dict[str, Any]:
        jobs, result = self.asked.jobs, {"sessions": self.asked.sessions, "jobs": self.asked.jobs}
        ways: dict[str, Callable[[], float]] = {
            "one_by_one": self.one_by_one,
            "workers": lambda: self.archive("workers", "--jobs", jobs),
            "ray": lambda: self.archive("ray", "--jobs", jobs, "--ray", "local"),
            "one_worker": lambda: self.archive("one_worker", "--jobs", 1),
        }
        for name, way in ways.items():
            if name == "ray" and importlib.util.find_spec("ray") is None:
                result["ray_s"] = "Ray is not installed"
            elif name in only:
                before = cpu_s()
                result[f"{name}_s"] = round(way(), 1)
                result[f"{name}_cpu_s"] = round(cpu_s() - before, 1)
        if "one_by_one_s" in result:
            for name in self.archives:
                result[f"{name}_times_as_fast"] = round(result["one_by_one_s"] / result[f"{name}_s"], 2)
        if "kill" in only:
            result["killed"] = self.killed(self.asked.kills)
        if len(self.archives) > 1:
            first, *others = self.archives.values()
            result["identical"] = all(other == first for other in others)
        return result

    def one_by_one(self) -> float:
        began, to = time.monotonic(), self.folder / "one_by_one"
        to.mkdir()
        for file in sorted(self.sessions.iterdir()):
            call([*EXPORT, file, "-o", to / f"{file.stem}.{self.asked.format}"])
        return time.monotonic() - began

    def archive(self, name: str, *options: object) -> float:
        began = time.monotonic()
        call(self.command(name, *options))
        took = time.monotonic() - began
        self.archives[name] = self.digests(name)
        assert len(self.archives[name]) == self.asked.sessions
        return took

    def command(self, name: str, *options: object) -> list[object]:
        return [*EXPORT, self.sessions, "--to-dir", self.folder / name, "--format", self.asked.format, *options]

    def digests(self, name: str) -> dict[str, str]:
        files = (self.folder / name).glob(f"*.{self.asked.format}")
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)}

    def killed(self, times: int) -> dict[str, int]:
        """Kill everything, or one of the workers, at random moments; then go on."""
        whole = next(iter(self.archives.values()), None)
        if whole is None:
            self.archive("whole", "--jobs", self.asked.jobs)
            whole = self.archives["whole"]
        rng, counts = random.Random(7), {"kills": 0, "of_workers": 0, "wrong_files": 0, "orphans": 0}
        for number in range(times):
            work = subprocess.Popen(self.shown("killed", "--jobs", self.asked.jobs), cwd=ROOT, env=environment())
            time.sleep(rng.uniform(1.0, 14.0))
            workers = children(work.pid)
            victim = rng.choice(workers) if workers and number % 3 == 2 else work.pid
            counts["of_workers"] += victim != work.pid
            counts["kills"] += 1
            os.kill(victim, signal.SIGKILL)
            if victim != work.pid:
                assert work.wait() == 0
            work.wait()
            counts["orphans"] += len(left(workers))
            there = self.digests("killed")
            counts["wrong_files"] += sum(whole[name] != digest for name, digest in there.items())
        self.archive("killed", "--jobs", self.asked.jobs)
        return counts

    def shown(self, name: str, *options: object) -> list[str]:
        return [str(part) for part in self.command(name, *options)]


def write(path: Path, number: int, records: list[Record]) -> None:
    """Write a session that no other has the bytes of."""
    end_us = round((SECONDS + number / 10) * 1e6)
    header = replace(session_traffic.HEADER, started_ns=session_traffic.STARTED_NS + number * 10**12)
    with path.open("wb") as stream:
        writer = SessionWriter(stream, header)
        writer.write_all(record for record in records if record.at_us < end_us)
        writer.finish()


def call(command: list[object]) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=environment())


def cpu_s() -> float:
    """Return the processor time of all processes that were waited for: less depends on what else runs."""
    times = os.times()
    return times.children_user + times.children_system


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def children(pid: int) -> list[int]:
    folder = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in folder.read_text().split()] if folder.exists() else []


def left(pids: list[int]) -> list[int]:
    """Return which of these processes have not ended in time."""
    until = time.monotonic() + GONE_WITHIN_S
    while (there := [pid for pid in pids if runs(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    return there


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    main()
