"""Progress bars: for terminals only."""

from __future__ import annotations

import pytest

from node.common import progress


def test_a_log_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bars() as bars:
        bar = bars.add_task("lines", total=2)
        bars.advance(bar)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress.bars() as bars:
        bars.advance(bars.add_task("lines", total=2))
        bars.refresh()
    out, err = capsys.readouterr()
    assert out == ""
    assert "lines" in err
    assert "1/2" in err


def test_what_is_waited_for_is_said_to_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with progress.waiting("loading"):
        """A log."""
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress.waiting("loading [/b]"):
        """A terminal."""
    out, err = capsys.readouterr()
    assert out == ""
    assert "loading [/b]" in err
