"""Lines typed while a call runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.call.build import CALL
from node.call.line_reader import MAX_CHARACTERS
from node.call.observers import Observers
from node.commands import call_lines as call
from node.speech.profiles import CLEAR
from node.terminal import keyboard


class Recording:
    """Notes down what it is told to do."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def start(self, path: Path | None = None) -> None:
        self.told.append(path)

    def stop(self) -> None:
        self.told.append("stop")

    def toggle(self) -> None:
        self.told.append("toggle")


@pytest.fixture
def node() -> Any:
    changed: list[Any] = []
    return SimpleNamespace(
        changed=changed,
        change=changed.append,
        follow_the_link=lambda: changed.append("auto"),
        toggle_mute=lambda: changed.append("mute"),
        floor=SimpleNamespace(toggle=lambda: changed.append("talk")),
        chat=SimpleNamespace(say_soon=changed.append),
    )


@pytest.mark.parametrize(
    ("line", "changed", "noted"),
    [
        ("/profile clear\n", [CLEAR], ""),
        ("/profile clear bitrate=14000\n", [replace(CLEAR, name="custom", bitrate=14_000)], ""),
        ("/profile auto\n", ["auto"], ""),
        ("/profile auto bitrate=9000\n", [], "no speech profile 'auto' with options"),
        ("/profile loud\n", [], "no speech profile 'loud'"),
        ("hello\n", ["hello"], ""),
        ("  see /help \n", ["see /help"], ""),
        ("/mute\n", ["mute"], ""),
        ("/talk\n", ["talk"], ""),
        ("/help\n", [], call.LINE_HELP),
        ("/hlep\n", [], "there is no /hlep"),
        ("x" * (MAX_CHARACTERS + 1), [], "at most 500 characters, and this one 501"),
        ("\n", [], ""),
    ],
)
def test_a_line_is_obeyed_or_explained(node: Any, line: str, changed: list[Any], noted: str) -> None:
    notes: list[str] = []
    call.run_line(node, Recording(), line, notes.append)  # type: ignore[arg-type]
    assert node.changed == changed
    assert noted in "".join(notes)
    assert bool(notes) == bool(noted)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/record\n", [None]),
        ("/record talk.mcap\n", [Path("talk.mcap")]),
        ("/record  my talk.mcap \n", [Path("my talk.mcap")]),
        ("/stop\n", ["stop"]),
    ],
)
def test_a_recording_is_begun_and_ended(node: Any, line: str, told: list[Any]) -> None:
    recording, notes = Recording(), list[str]()
    call.run_line(node, recording, line, notes.append)  # type: ignore[arg-type]
    assert recording.told == told
    assert notes == []


@pytest.mark.parametrize(
    ("has_floor", "by_page", "noted"), [(True, False, [call.NO_TALK]), (True, True, []), (False, False, [])]
)
def test_who_cannot_ask_for_the_floor_is_warned(
    node: Any, monkeypatch: pytest.MonkeyPatch, has_floor: bool, by_page: bool, noted: list[str]
) -> None:
    @contextlib.contextmanager
    def no_terminal(*_: object) -> Iterator[bool]:
        yield False

    monkeypatch.setattr(keyboard, "listening", no_terminal)
    monkeypatch.setattr(call, "_talk_key", lambda floor: SimpleNamespace(press=floor.toggle))
    node.observers, node.floor = Observers(), node.floor if has_floor else None
    notes: list[str] = []
    display: Any = SimpleNamespace(say=notes.append, refresh=lambda: None, typing=None)
    with call.conversing(node, Recording(), display, notes.append, CALL, False, by_page=by_page):  # type: ignore[arg-type]
        assert notes == noted


def test_help_says_how_to_talk_where_that_is_asked_for(node: Any) -> None:
    for floor, says in ((node.floor, True), (None, False)):
        node.floor, notes = floor, list[str]()
        for line in ("/help", "/hlep", "/profile"):
            call.run_line(node, Recording(), line, notes.append)  # type: ignore[arg-type]
        assert [call.TALK_HELP in note for note in notes] == [says] * 3
