"""What the models commands take: the work itself is played."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from node.commands import shelf
from node.commands.app import app

runner = CliRunner()


def test_list_prints_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "lines", lambda: iter(["one", "two"]))
    result = runner.invoke(app, ["models", "list"])
    assert (result.exit_code, result.output) == (0, "one\ntwo\n")


def test_fetch_takes_a_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(shelf, "fetch", fetched.append)
    assert runner.invoke(app, ["models", "fetch", "photo-cpu"]).exit_code == 0
    assert fetched == ["photo-cpu"]
    assert runner.invoke(app, ["models", "fetch"]).exit_code == 2


def test_bench_takes_models_and_how_many_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def bench(settings: Any, *how: Any) -> None:
        asked.append((settings.models, settings.captioner, settings.generator, *how))

    monkeypatch.setattr(shelf, "bench", bench)
    assert runner.invoke(app, ["models", "bench"]).exit_code == 0
    words = "models bench --models photo-gpu --captioner c --generator g --count 5 --seed 9 --deadlines 0.5 --json"
    assert runner.invoke(app, words.split()).exit_code == 0
    assert asked == [("embedded", None, None, 100, None, 0, False), ("photo-gpu", "c", "g", 5, 9, 0.5, True)]


@pytest.mark.parametrize("words", ["--count 0", "--count many", "--seed -1", "--deadlines -1"])
def test_wrong_usage_is_told(words: str) -> None:
    assert runner.invoke(app, ["models", "bench", *words.split()]).exit_code == 2
