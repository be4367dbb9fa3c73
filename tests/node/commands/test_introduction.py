"""The question who the camera sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.commands import introduction
from node.common import config


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that were asked, on a terminal, by a user with an empty home."""
    questions: list[str] = []

    def ask(what: str) -> str:
        questions.append(what)
        return "a man with a beard"

    monkeypatch.setattr(introduction, "ask", ask)
    monkeypatch.setattr(introduction, "_on_terminal", lambda: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return questions


def test_it_is_asked_once(asked: list[str]) -> None:
    settings = introduction.introduced(config.load(camera="webcam"))
    assert settings.me == "a man with a beard"
    assert introduction.introduced(config.load(camera="webcam")).me == "a man with a beard"
    assert len(asked) == 1


def test_no_answer_is_kept_too(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introduction, "ask", lambda what: "")
    introduction.introduced(config.load(camera="webcam"))
    assert config.load().me == ""


@pytest.mark.parametrize("camera", [None, "scene", "page", "photo.jpg"])
def test_it_is_asked_of_a_webcam_alone(asked: list[str], camera: str | None) -> None:
    assert introduction.introduced(config.load(camera=camera)).me is None
    assert asked == []


def test_it_is_not_asked_if_it_was_said_or_nobody_is_there(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert introduction.introduced(config.load(camera="/dev/video0", me="a woman")).me == "a woman"
    monkeypatch.setattr(introduction, "_on_terminal", lambda: False)
    assert introduction.introduced(config.load(camera="/dev/video0")).me is None
    assert asked == []


def test_a_file_that_cannot_be_written_ends_no_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pictophone").write_text("a file where the folder should be")
    assert introduction.introduced(config.load(camera="webcam")).me == "a man with a beard"
    assert "cannot write" in capsys.readouterr().err
