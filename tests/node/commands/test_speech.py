"""The commands of `speech`: what they take, and the list of profiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command

from node.bench.speech import run
from node.bench.speech.settings import Setting, SpeechCodec
from node.commands import speech
from node.speech import dialogue
from node.speech.profiles import PROFILES

RECORDING = dialogue.shipped()[0].path


def test_sweep_takes_its_options(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "grid", lambda: iter([Setting(SpeechCodec.OPUS, "nb", 60, 2, 8_000, "voip")]))
    page = tmp_path / "sweep.html"
    options = ("--loss", 5, "--max-kbps", 12, "--max-packet", 120, "--codec", "opus", "-o", page, "--json")
    assert command.run("speech", "sweep", RECORDING, *options).code == 0
    assert json.loads(command.out)["loss_percent"] == 5
    assert page.is_file()


def test_mistakes_are_one_line(command: Command) -> None:
    assert "none.wav" in command.fails("speech", "sweep", "none.wav")
    assert "opus" in command.fails("speech", "sweep", RECORDING, "--codec", "mp3", code=2)
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
    assert "7.6         10.5" in lines[2]
    assert [line.split(":")[0] for line in lines[-2:]] == ["custom", "auto"]


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    speech.show_profiles(as_json=True)
    lean = json.loads(capsys.readouterr().out)[1]
    assert (lean["profile"], lean["bandwidth"], lean["payload_kbps"], lean["wire_kbps"]) == ("lean", "nb", 7.6, 10.5)
