"""The commands `speech …` in this process."""

from __future__ import annotations

import json

import pytest
from command import Command

from node.speech.profiles import PROFILES


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def test_profiles_lists_them(command: Command) -> None:
    out = command.run("speech", "profiles").out
    assert command.code == 0
    assert all(f"\n{name} " in out for name in PROFILES)


def test_profiles_as_json(command: Command) -> None:
    listed = json.loads(command.run("speech", "profiles", "--json").out)
    assert [row["profile"] for row in listed] == list(PROFILES)
