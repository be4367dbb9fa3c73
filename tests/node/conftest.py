"""What tests of the node share."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Command


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)  # no settings file
    return Command(monkeypatch, capsys)
