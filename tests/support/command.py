"""The command line, run in this process."""

from __future__ import annotations

import sys

import pytest

from node import commands
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

SECRET = "hunter2"  # which no output may hold
ROOM = RoomLink(RoomSecret(b"a room for tests")).reveal()


class Command:
    """Runs the command as its entry point does, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.code, self.out, self.err = 0, "", ""

    def run(self, *arguments: object) -> Command:
        self._monkeypatch.setattr(sys, "argv", ["pictophone", *map(str, arguments)])
        try:
            commands.main()
            self.code = 0
        except SystemExit as end:
            self.code = int(end.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return self

    def fails(self, *arguments: object, code: int = 1) -> str:
        """Its one line on standard error."""
        self.run(*arguments)
        assert self.code == code
        assert self.out == ""
        assert self.err.startswith("pictophone: ")
        assert self.err.count("\n") == 1
        assert SECRET not in self.err
        return self.err
