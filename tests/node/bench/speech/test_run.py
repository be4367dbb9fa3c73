"""The command's work: what it prints and writes."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from sweep_results import LEAN, WIDE

from node.bench.speech import measures, plot, run
from node.bench.speech.settings import Setting, SpeechCodec
from node.bench.speech.sweep import SweepOptions
from node.speech import sound_files
from node.speech.pcm import FRAME_SAMPLES, SAMPLE_RATE
from protocol.errors import NodeError, UsageError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid of four settings, one of which cannot be."""
    broken = Setting(SpeechCodec.OPUS, "nb", 50, 1, 8_000, "voip")
    monkeypatch.setattr(run, "grid", lambda: iter([LEAN, WIDE, broken, Setting(SpeechCodec.LYRA, "wb", 20, 6, 3_200)]))


@pytest.mark.usefixtures("small")
def test_a_table_and_advice_for_people(recording: Path, capsys: Captured) -> None:
    pytest.importorskip("pystoi")
    run.run(SweepOptions([recording]), None, json=False, workers=1)
    out, err = capsys.readouterr()
    assert "2 settings" in out
    assert "the Pareto front:" in out
    assert "for pictophone.toml:" in out
    assert "left out Lyra V2: give the folder" in err
    assert "left out Opus 8k NB 50 ms voip" in err
    assert all(line.startswith("pictophone: ") for line in err.splitlines())


@pytest.mark.usefixtures("small")
def test_json_and_a_page(recording: Path, tmp_path: Path, capsys: Captured) -> None:
    output = tmp_path / "sweep.html"
    run.run(SweepOptions([recording, recording], loss=5), output, json=True, workers=1)
    given = json.loads(capsys.readouterr().out)
    assert given["loss_percent"] == 5
    assert len(given["recordings"]) == 2
    assert [each["label"] for each in given["settings"]] == [LEAN.label, WIDE.label]
    assert output.read_text().count("data:audio/ogg") == 3


@pytest.mark.usefixtures("small")
def test_one_codec_alone(recording: Path, capsys: Captured) -> None:
    run.run(SweepOptions([recording]), None, json=True, only=["opus"], workers=1)
    given = json.loads(capsys.readouterr().out)
    assert {each["codec"] for each in given["settings"]} == {"opus"}
    assert not any("Lyra" in line for line in given["left_out"])


@pytest.mark.usefixtures("small")
def test_mistakes_are_reported_before_anything_is_measured(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure_all", None)
    options = SweepOptions([recording])
    with pytest.raises(UsageError, match="opus, lyra, speex, amr, codec2"):
        run.run(options, None, json=False, only=["mp3"])
    with pytest.raises(NodeError, match="no folder"):
        run.run(options, tmp_path / "none" / "page.html", json=False)
    with pytest.raises(NodeError, match="is a folder"):
        run.run(options, tmp_path, json=False)
    with pytest.raises(NodeError, match=r"none\.wav"):
        run.run(SweepOptions([tmp_path / "none.wav"]), None, json=False)
    with pytest.raises(NodeError, match="Lyra V2's model files"):
        run.run(SweepOptions([recording], lyra=tmp_path), None, json=False)
    with pytest.raises(NodeError, match="nothing to measure"):
        run.run(options, None, json=False, only=["lyra"])


def test_nothing_measured_is_an_error(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "grid", lambda: iter([Setting(SpeechCodec.OPUS, "nb", 50, 1, 8_000, "voip")]))
    with pytest.raises(NodeError, match="nothing could be measured"):
        run.run(SweepOptions([recording]), None, json=False, workers=1)


@pytest.fixture
def brief(recording: Path, tmp_path: Path) -> Path:
    """Two seconds of the recording: the article has many settings, and each is judged."""
    pcm = np.concatenate(list(sound_files.blocks(recording, FRAME_SAMPLES)))[: 2 * SAMPLE_RATE]
    with wave.open(str(tmp_path / "brief.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return tmp_path / "brief.wav"


def test_the_articles_settings_are_all_shown_and_judged(brief: Path, capsys: Captured) -> None:
    pytest.importorskip("pystoi")
    run.run(SweepOptions([brief], article=True), None, json=False, only=["opus"], workers=1)
    out = capsys.readouterr().out
    assert "all settings:" in out
    assert "does not hold: lowdelay" in out
    assert "pictophone.toml" not in out


@pytest.mark.usefixtures("small")
def test_without_the_extra_rates_are_shown_and_nothing_is_recommended(
    recording: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (measures, plot):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    run.run(SweepOptions([recording]), tmp_path / "page.html", json=False, only=["opus"], workers=1)
    out, err = capsys.readouterr()
    assert "all settings:" in out
    assert LEAN.label in out
    assert "none was judged" in out
    assert err.count("pip install 'pictophone[sweep]'") == 3
    assert "data:audio/ogg" in (tmp_path / "page.html").read_text()
