"""One setting measured, and several side by side."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sweep_results import LEAN, WIDE

from node.bench.speech.runner import THREADS, SweepTask, measure, measure_all
from node.bench.speech.settings import Setting, SpeechCodec


def test_what_it_costs_and_how_it_sounds(recording: Path) -> None:
    measured = measure(SweepTask(LEAN, recording))
    assert measured.error == ""
    assert 6 < measured.payload_kbps < 9
    assert measured.wire_kbps == pytest.approx(measured.payload_kbps + 44 * 8 / 120)
    assert measured.sound == b""
    if measured.scores.estoi is not None:
        assert 0.7 < measured.scores.estoi < 1


def test_loss_is_heard(recording: Path) -> None:
    pytest.importorskip("pystoi")
    whole, holed = measure(SweepTask(LEAN, recording)), measure(SweepTask(LEAN, recording, loss=20))
    assert whole.scores.estoi is not None
    assert holed.scores.estoi is not None
    assert holed.scores.estoi < whole.scores.estoi
    assert holed.wire_kbps == whole.wire_kbps


def test_a_page_gets_what_was_heard(recording: Path) -> None:
    assert measure(SweepTask(LEAN, recording, keep_sound=True)).sound.startswith(b"OggS")


def test_what_fails_is_reported_and_nothing_raised(recording: Path, tmp_path: Path) -> None:
    assert "none.wav" in measure(SweepTask(LEAN, tmp_path / "none.wav")).error
    assert "--lyra" in measure(SweepTask(Setting(SpeechCodec.LYRA, "wb", 20, 6, 3_200), recording)).error
    assert "OpusError" in measure(SweepTask(Setting(SpeechCodec.OPUS, "nb", 50, 1, 8_000, "voip"), recording)).error


def test_processes_come_to_the_same_in_the_same_order(recording: Path) -> None:
    tasks = [SweepTask(WIDE, recording), SweepTask(LEAN, recording)]
    counted: list[int] = []
    alone = measure_all(tasks, 1, lambda: counted.append(1))
    before = {name: os.environ.get(name) for name in THREADS}
    together = measure_all(tasks, 2, lambda: counted.append(2))
    for one, other in zip(together, alone, strict=True):
        assert one.payload_kbps == other.payload_kbps
        assert (one.scores.quality or 0) == pytest.approx(other.scores.quality or 0)
    assert counted == [1, 1, 2, 2]
    assert before == {name: os.environ.get(name) for name in THREADS}
