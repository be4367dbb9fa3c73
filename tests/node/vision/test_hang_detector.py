from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.vision import hang_detector
from node.vision.hang_detector import (
    HANGS_ONLINE_S,
    HANGS_S,
    POLL_S,
    UNKNOWN_S,
    Activity,
    HangDetector,
    measure_activity,
)


def waited(sight: Activity | None, seconds: float, online: bool = False) -> bool:
    """Whether a process that looks like this all the time hangs after so many seconds."""
    watch, hangs = HangDetector(0.0, online), False
    for look in range(1, int(seconds / POLL_S) + 1):
        hangs = watch.hangs(sight, look * POLL_S)
    return hangs


def test_a_process_that_does_nothing_hangs() -> None:
    assert not waited(Activity(0.0), HANGS_S - POLL_S)
    assert waited(Activity(0.0), HANGS_S)


def test_a_process_that_computes_is_only_slow() -> None:
    watch = HangDetector(0.0)
    assert not any(watch.hangs(Activity(cpu_s=0.01 * look), look * POLL_S) for look in range(1, 10_000))
    assert watch.elapsed_s(9_999.0) == 9_999.0


def test_a_process_that_waits_for_a_core_or_a_disk_does_not_hang() -> None:
    assert not waited(Activity(0.0, waits=True), 100 * HANGS_S)


def test_the_network_is_waited_for_longer_but_not_by_a_stopped_process() -> None:
    assert not waited(Activity(0.0), HANGS_S, online=True)
    assert waited(Activity(0.0), HANGS_ONLINE_S, online=True)
    assert waited(Activity(0.0, stopped=True), HANGS_S, online=True)


def test_where_nothing_is_known_it_takes_long() -> None:
    assert not waited(None, UNKNOWN_S - POLL_S)
    assert waited(None, UNKNOWN_S)


def test_a_node_that_slept_itself_does_not_blame_the_process() -> None:
    watch = HangDetector(0.0)
    assert not watch.hangs(Activity(0.0), 3600.0)


def test_what_this_process_does_is_seen() -> None:
    own = measure_activity(os.getpid())
    assert own is not None
    assert own.cpu_s > 0
    assert own.waits  # it runs, for it asks
    assert not own.stopped


def test_a_process_that_is_not_there_is_unknown() -> None:
    assert measure_activity(2**22 + 1) is None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("SS", Activity(3.0)),
        ("SD", Activity(3.0, waits=True)),
        ("SR", Activity(3.0, waits=True)),
        ("TT", Activity(3.0, stopped=True)),
    ],
)
def test_linux_tells_by_its_files(tmp_path: Path, states: str, expected: Activity) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    stat = f"7 (a (sly) name) {{}} {'0 ' * 10}{2 * ticks} {ticks} 0 0"
    for number, state in enumerate(states):
        folder = tmp_path / "7" / "task" / str(7 + number)
        folder.mkdir(parents=True)
        (folder / "stat").write_text(stat.format(state))
    (tmp_path / "7" / "stat").write_text(stat.format(states[0]))
    assert measure_activity(7, tmp_path) == expected


def test_other_systems_are_asked_by_psutil(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    own = measure_activity(os.getpid(), proc=tmp_path)
    assert own is not None
    assert own.cpu_s > 0
    assert hang_detector.measure_activity(2**22 + 1, proc=tmp_path) is None
