"""The commands of `speech`: what they print and write, and what they take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command

from node.bench.speech import grid, measures, plot
from node.bench.speech.settings import Codec, Setting
from node.bench.speech.sweep import SweepOptions
from node.commands import speech, sweep
from node.speech import dialogue
from node.speech.profiles import PROFILES
from protocol.errors import NodeError, UsageError

Captured = pytest.CaptureFixture[str]
LEAN = Setting(Codec.OPUS, "nb", 60, 2, 8_000, "voip")
WIDE = Setting(Codec.OPUS, "wb", 60, 2, 14_000, "audio")


@pytest.fixture
def recording() -> Path:
    """A turn of the shipped dialogue: some seconds of one voice."""
    return dialogue.shipped()[0].path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid of four settings, one of which cannot be."""
    broken = Setting(Codec.OPUS, "nb", 50, 1, 8_000, "voip")
    monkeypatch.setattr(grid, "grid", lambda: iter([LEAN, WIDE, broken, Setting(Codec.LYRA, "wb", 20, 6, 3_200)]))


@pytest.mark.usefixtures("small")
def test_a_table_and_advice_for_people(recording: Path, capsys: Captured) -> None:
    pytest.importorskip("pystoi")
    sweep.run(SweepOptions([recording]), None, json=False, workers=1)
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
    sweep.run(SweepOptions([recording, recording], loss=5), output, json=True, workers=1)
    told = json.loads(capsys.readouterr().out)
    assert told["loss_percent"] == 5
    assert len(told["recordings"]) == 2
    assert [each["label"] for each in told["settings"]] == [LEAN.label, WIDE.label]
    assert output.read_text().count("data:audio/ogg") == 3


@pytest.mark.usefixtures("small")
def test_one_codec_alone(recording: Path, capsys: Captured) -> None:
    sweep.run(SweepOptions([recording]), None, json=True, only=["opus"], workers=1)
    told = json.loads(capsys.readouterr().out)
    assert {each["codec"] for each in told["settings"]} == {"opus"}
    assert not any("Lyra" in line for line in told["left_out"])


@pytest.mark.usefixtures("small")
def test_mistakes_are_told_before_anything_is_measured(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "measure_all", None)
    asked = SweepOptions([recording])
    with pytest.raises(UsageError, match="opus, lyra, speex, amr, codec2"):
        sweep.run(asked, None, json=False, only=["mp3"])
    with pytest.raises(NodeError, match="no folder"):
        sweep.run(asked, tmp_path / "none" / "page.html", json=False)
    with pytest.raises(NodeError, match="is a folder"):
        sweep.run(asked, tmp_path, json=False)
    with pytest.raises(NodeError, match=r"none\.wav"):
        sweep.run(SweepOptions([tmp_path / "none.wav"]), None, json=False)
    with pytest.raises(NodeError, match="Lyra V2's model files"):
        sweep.run(SweepOptions([recording], lyra=tmp_path), None, json=False)
    with pytest.raises(NodeError, match="nothing to measure"):
        sweep.run(asked, None, json=False, only=["lyra"])


def test_nothing_measured_is_an_error(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "grid", lambda: iter([Setting(Codec.OPUS, "nb", 50, 1, 8_000, "voip")]))
    with pytest.raises(NodeError, match="nothing could be measured"):
        sweep.run(SweepOptions([recording]), None, json=False, workers=1)


def test_the_articles_settings_are_all_shown_and_judged(recording: Path, capsys: Captured) -> None:
    pytest.importorskip("pystoi")
    sweep.run(SweepOptions([recording], article=True), None, json=False, only=["opus"], workers=1)
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
    sweep.run(SweepOptions([recording]), tmp_path / "page.html", json=False, only=["opus"], workers=1)
    out, err = capsys.readouterr()
    assert "all settings:" in out
    assert LEAN.label in out
    assert "none was judged" in out
    assert err.count("pip install 'pictophone[sweep]'") == 3
    assert "data:audio/ogg" in (tmp_path / "page.html").read_text()


# -- as they are typed


def test_sweep_takes_its_options(
    command: Command, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "grid", lambda: iter([Setting(Codec.OPUS, "nb", 60, 2, 8_000, "voip")]))
    page = tmp_path / "sweep.html"
    options = ("--loss", 5, "--max-kbps", 12, "--max-packet", 120, "--codec", "opus", "-o", page, "--json")
    assert command.run("speech", "sweep", recording, *options).code == 0
    assert json.loads(command.out)["loss_percent"] == 5
    assert page.is_file()


def test_mistakes_are_one_line(command: Command, recording: Path) -> None:
    assert "none.wav" in command.fails("speech", "sweep", "none.wav")
    assert "opus" in command.fails("speech", "sweep", recording, "--codec", "mp3", code=2)
    assert command.run("speech", "sweep").code == 2


def test_profiles_lists_them(command: Command) -> None:
    out = command.run("speech", "profiles").out
    assert command.code == 0
    assert all(f"\n{name} " in out for name in PROFILES)


def test_profiles_as_json(command: Command) -> None:
    listed = json.loads(command.run("speech", "profiles", "--json").out)
    assert [row["profile"] for row in listed] == list(PROFILES)


# -- the list of profiles


def test_each_profile_with_its_rates_in_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    speech.show_profiles(as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1:-2]] == list(PROFILES)
    assert "7.1         10.0" in lines[2]
    assert [line.split(":")[0] for line in lines[-2:]] == ["custom", "auto"]


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    speech.show_profiles(as_json=True)
    lean = json.loads(capsys.readouterr().out)[1]
    assert (lean["profile"], lean["bandwidth"], lean["payload_kbps"], lean["wire_kbps"]) == ("lean", "nb", 7.1, 10.0)
