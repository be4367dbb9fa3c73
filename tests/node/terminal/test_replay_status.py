"""A replay in a terminal: notes above, one line below, and nothing foreign but text."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from node.terminal import replay_status
from node.terminal.replay_status import BAR, Screen

PLAYER: Any = SimpleNamespace(position_s=61.0, duration_s=122.0, speed=2.0, loop=True, paused=False)
HOSTILE = "[/b]\x1b]52;c;aA=\x07\n[link=x]"
SHOWN = "[/b]�]52;c;aA=� [link=x]"


def test_the_line_says_where_it_is() -> None:
    assert (
        replay_status.line(PLAYER) == f"playing  {'━' * (BAR // 2)}{'─' * (BAR // 2)}  1:01 / 2:02  2x  again and again"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_notes_are_text(terminal: bool) -> None:
    paper = io.StringIO()
    with Screen(PLAYER, Console(file=paper, force_terminal=terminal, width=120)) as shown:
        shown.note(f"{HOSTILE} {'x' * 200}")
        shown.refresh()
    assert f"{SHOWN} {'x' * 200}\n" in paper.getvalue()
    assert "\x1b]" not in paper.getvalue()
    assert ("1:01 / 2:02" in paper.getvalue()) == terminal


def test_it_is_shown_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    replay_status.choose(PLAYER).note(HOSTILE)
    assert capsys.readouterr() == (f"{SHOWN}\n", "")
