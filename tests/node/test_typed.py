"""Lines typed while a call runs."""

from __future__ import annotations

import asyncio
import os
import pty
from types import SimpleNamespace
from typing import Any

import pytest
from happenings import Happenings

from node import typed
from node.speech.profiles import CLEAR


@pytest.fixture
def node() -> Any:
    changed: list[Any] = []
    return SimpleNamespace(changed=changed, change=changed.append)


@pytest.mark.parametrize(
    ("line", "changed", "noted"),
    [
        ("/profile clear\n", [CLEAR], ""),
        ("/profile loud\n", [], "no speech profile 'loud'"),
        ("hello\n", [], typed.HELP),
        ("\n", [], ""),
    ],
)
def test_a_line_is_obeyed_or_explained(node: Any, line: str, changed: list[Any], noted: str) -> None:
    notes: list[str] = []
    typed.obey(node, line, notes.append)
    assert node.changed == changed
    assert noted in "".join(notes)
    assert bool(notes) == bool(noted)


async def test_lines_come_from_a_terminal_until_it_ends() -> None:
    ours, theirs = pty.openpty()
    said = Happenings()
    with os.fdopen(theirs, "r") as terminal, typed.lines(said.add, terminal):
        os.write(ours, b"/profile quick\n")
        assert await said.count(1) == ["/profile quick\n"]
        os.write(ours, b"\x04")
        os.write(ours, b"after\n")
        await asyncio.sleep(0.05)
        assert len(said) == 1
    os.close(ours)


async def test_a_pipe_is_left_alone() -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours, "r") as pipe, typed.lines(lambda line: None, pipe):
        os.write(theirs, b"/profile quick\n")
        await asyncio.sleep(0)
        assert pipe.readline() == "/profile quick\n"
    os.close(theirs)
