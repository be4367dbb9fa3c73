"""The command compare, with models that need no loading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_models import FakeWorker
from PIL import Image

from node.bench.pictures.experiment import SENTENCE
from node.call import build
from node.commands import compare as command
from node.common import config
from node.vision.formats import heic
from node.vision.scenes import SceneSequence
from node.vision.types import SeenPicture
from protocol.errors import NodeError, UsageError


class Played(FakeWorker):
    """Remembers which of its models were asked for."""

    role: build.Role | None = None


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Played:
    worker = Played()

    def make(settings: config.Settings, role: build.Role) -> Played:
        worker.role = role
        return worker

    monkeypatch.setattr(build, "worker", make)
    return worker


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.png"
    SceneSequence(1).image(1.0).save(path)
    return path


async def test_figures_need_the_captioner_alone(
    worker: Played, scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await command.run(config.load(), [scene], None, with_article=False, json=True)
    out, err = capsys.readouterr()
    (picture,) = json.loads(out)["pictures"]
    assert (picture["file"], picture["caption"]) == ("scene.png", worker.captioned[0])
    assert picture["ways"][-1]["bits_256"] > 0
    assert "article" not in json.loads(out)
    assert (worker.role, worker.painted, worker.open, err) == (build.Role(True, False), [], False, "")


async def test_a_page_has_all_painted(worker: Played, scene: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert await command.run(config.load(), [scene, scene], output, with_article=True, json=True)
    assert worker.painted == [(SENTENCE, 0), *((words, 0) for words in worker.captioned)]
    assert output.read_text().count("<figure") == 2 + 2 * (8 + heic.installed())


async def test_the_article_alone_needs_no_model(worker: Played, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command.run(config.load(), [], None, with_article=True, json=False)
    assert "144,624:1" in capsys.readouterr().out
    assert worker.role is None


async def test_the_article_alone_on_a_page_needs_no_captioner(worker: Played, tmp_path: Path) -> None:
    assert await command.run(config.load(), [], tmp_path / "report.html", with_article=True, json=False)
    assert worker.role == build.Role(False, True)


async def nothing(image: Image.Image, client: str = "") -> SeenPicture:
    return SeenPicture("")


async def test_a_photo_and_a_missing_format_are_remarked_on(
    worker: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "avif")
    monkeypatch.setattr(heic, "installed", lambda: False)
    monkeypatch.setattr(worker, "see", nothing)
    Image.effect_noise((64, 64), 80).save(tmp_path / "photo.png")
    assert await command.run(config.load(), [tmp_path / "photo.png"], None, with_article=False, json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["pictures"][0]["known"] is False
    assert "nothing in 'photo.png' has a name" in err
    assert "cannot write AVIF, HEIC" in err
    assert "pip install 'pictophone[heic]'" in err


async def test_what_cannot_be_is_told_before_a_model_is_loaded(worker: Played, scene: Path, tmp_path: Path) -> None:
    settings = config.load()
    with pytest.raises(UsageError, match="--article"):
        await command.run(settings, [], None, with_article=False, json=False)
    with pytest.raises(NodeError, match="no picture file"):
        await command.run(settings, [scene, tmp_path / "none.png"], None, with_article=False, json=False)
    with pytest.raises(NodeError, match="no folder"):
        await command.run(settings, [scene], tmp_path / "none" / "report.html", with_article=False, json=False)
    with pytest.raises(NodeError, match="is a folder"):
        await command.run(settings, [scene], tmp_path, with_article=False, json=False)
    assert worker.role is None


async def test_a_page_that_cannot_be_written_is_one_line(worker: Played, tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="cannot write the page") as caught:
        await command.run(config.load(), [], tmp_path / ("x" * 300), with_article=True, json=False)
    assert "\n" not in str(caught.value)
