"""Archives by two real workers: with pictures, killed as a whole and gone on with, and ended by Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from files import written
from sessions import HEADER, came, picture, spoken, tone, went

from node.common import child_process

RECORDS = [
    came("b", 0.1, "Ben"), picture("me", 0.3, "a cat"), picture("b", 0.4, "a dog"),
    *spoken("b", tone(0.6, 500), at=1.0), went("b", 2.0),
]  # fmt: skip
PAINTED, MANY = 2, 60
LIMIT_S = 120.0


def start(calls: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    asked = ("session", "export", str(calls), "--to-dir", str(out), "--jobs", "2", *more)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "node", *asked], env=child_process.environment(), stderr=subprocess.PIPE
    )


def ended(process: subprocess.Popen[bytes]) -> str:
    _, errors = process.communicate(timeout=LIMIT_S)
    return errors.decode()


def files(out: Path, form: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob(f"*.{form}"))}


def first_made(process: subprocess.Popen[bytes], out: Path) -> list[int]:
    """Wait for the first exported file, and return the workers that work on the others."""
    until = time.monotonic() + LIMIT_S
    while not any(out.glob("*.opus")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def are_gone(pids: list[int]) -> bool:
    """Wait for the end of processes that were left alone."""
    until = time.monotonic() + LIMIT_S
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_running, pids))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    for number in range(MANY):
        written(folder / f"{number:03}.mcap", [*RECORDS, *spoken("me", tone(0.3), at=number / 30)], HEADER)
    return folder


def test_two_workers_paint(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    for number in range(PAINTED):
        written(tmp_path / f"calls/{number}.mcap", RECORDS, HEADER)
    out = tmp_path / "out"
    process = start(tmp_path / "calls", out, "--format", "html", "--models", "embedded")
    assert ended(process).splitlines()[-1].endswith(f"{PAINTED} exported")
    assert process.returncode == 0
    pages = list(files(out, "html").values())
    assert len(pages) == PAINTED
    assert len(set(pages)) == 1
    assert pages[0].count(b"data:image/jpeg;base64,") == 2


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_killed_an_archive_becomes_the_same_as_one_made_at_once(calls: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    ended(start(calls, whole, "--format", "opus"))
    wanted = files(whole, "opus")
    assert len(wanted) == len(set(wanted.values())) == MANY

    process = start(calls, broken, "--format", "opus")
    workers = first_made(process, broken)
    assert workers
    process.kill()
    process.communicate()
    assert are_gone(workers)
    there = files(broken, "opus")
    assert 0 < len(there) < MANY
    assert there.items() <= wanted.items()

    process = start(calls, broken, "--format", "opus")
    assert ended(process).splitlines()[-1].endswith(f"{MANY - len(there)} exported, {len(there)} there already")
    assert process.returncode == 0
    assert files(broken, "opus") == wanted
    assert sorted(path.name for path in broken.iterdir()) == [*wanted, "index.jsonl"]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_ctrl_c_ends_it_in_order_with_its_workers(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(calls, out, "--format", "opus")
    workers = first_made(process, out)
    process.send_signal(signal.SIGINT)
    errors = ended(process)
    assert process.returncode == 130, errors
    assert are_gone(workers)
    made = len(files(out, "opus"))
    assert f"{made} exported; {MANY - made} left for when it is run again" in errors.splitlines()[-1]
    assert not (out / ".part").exists()
