"""What tests of the node share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command import Command
from session_files import made_up, write

from node.speech import dialogue
from protocol import log


@pytest.fixture(scope="session")
def recording() -> Path:
    """A turn of the shipped dialogue: some seconds of one voice."""
    return dialogue.shipped()[0].path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)  # no settings file
    return Command(monkeypatch, capsys)


@pytest.fixture
def session_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a made-up session: `session_file()`, with whatever `write` takes."""

    def make(name: str = "call.mcap", records: list[log.Record] | None = None, **how: object) -> Path:
        return write(tmp_path / name, made_up() if records is None else records, **how)  # type: ignore[arg-type]

    return make
