"""One picture, no call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_models import FakeWorker
from PIL import Image

from node.call import build
from node.commands import picture as command
from node.common import config
from node.vision.perception.observation import Observation
from node.vision.scenes.world import Action, Cloth
from node.vision.types import SeenPicture
from protocol.errors import NodeError


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    worker = FakeWorker()
    monkeypatch.setattr(build, "worker", lambda settings, role: worker)
    return worker


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "seen.png"
    Image.new("RGB", (8, 8), "red").save(path)
    return path


async def test_a_caption_is_printed(picture: Path, worker: FakeWorker, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command.describe(config.load(), [picture], json=False)
    assert await command.describe(config.load(), [picture], json=True)
    plain, for_programs = capsys.readouterr().out.splitlines()
    assert [plain] == worker.captioned[:1]
    assert json.loads(for_programs) == {
        "picture": str(picture),
        "caption": plain,
        "attributes": {},
        "observation": None,
    }
    assert not worker.open


async def test_several_pictures_of_a_person_have_words_attributes_and_what_was_found(
    picture: Path, worker: FakeWorker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Observation(people=1, action=Action.WAVING, cloth=Cloth.RED)

    async def see(image: Image.Image, client: str = "", painted: bool = False) -> SeenPicture:
        return SeenPicture("a person", seen, remark="a real camera")

    monkeypatch.setattr(worker, "see", see)
    settings = config.load(me="a man with a beard", place="office")
    assert await command.describe(settings, [picture, picture], json=True)
    out, err = capsys.readouterr()
    one, other = json.loads(out)["pictures"]
    assert one == other
    assert one["caption"] == "a man with a beard wearing a red shirt is waving in an office"
    assert (one["attributes"]["action"], one["observation"]["cloth"]) == ("waving", "red")
    assert err.count("a real camera") == 1


async def test_what_has_no_name_is_said_to_have_none(
    picture: Path, worker: FakeWorker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def see(image: Image.Image, client: str = "", painted: bool = False) -> SeenPicture:
        return SeenPicture("", Observation(blind=True))

    monkeypatch.setattr(worker, "see", see)
    assert await command.describe(config.load(), [picture, picture], json=False)
    assert capsys.readouterr().out.splitlines() == [f"{picture}: (nothing in it has a name)"] * 2


async def test_a_file_that_is_no_picture_wakes_no_model(tmp_path: Path, worker: FakeWorker) -> None:
    with pytest.raises(NodeError, match="no picture file"):
        await command.describe(config.load(), [tmp_path / "none.png"], json=False)
    assert worker.captioned == []


@pytest.mark.parametrize("name", ["out.png", "out.jpg"])
async def test_a_text_is_painted_into_a_file(tmp_path: Path, worker: FakeWorker, name: str) -> None:
    assert await command.paint(config.load(), "a cat", tmp_path / name, seed=7)
    assert worker.painted == [("a cat", 7)]
    with Image.open(tmp_path / name) as painted:
        assert painted.size == (16, 16)


async def test_a_missing_folder_is_told_before_anything_is_painted(tmp_path: Path, worker: FakeWorker) -> None:
    with pytest.raises(NodeError, match="no folder"):
        await command.paint(config.load(), "a cat", tmp_path / "none" / "out.png", seed=0)
    assert worker.painted == []


@pytest.mark.parametrize("name", ["out.xyz", "out", ".", "out.psd"])  # Pillow reads PSD and cannot write it
async def test_a_format_that_is_none_is_told_before_anything_is_painted(
    tmp_path: Path, worker: FakeWorker, name: str
) -> None:
    with pytest.raises(NodeError, match="no picture format") as caught:
        await command.paint(config.load(), "a cat", tmp_path / name, seed=0)
    assert "\n" not in str(caught.value)
    assert worker.painted == []


async def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    with pytest.raises(NodeError, match="cannot write the picture") as caught:
        await command.paint(config.load(), "a cat", tmp_path / "out.png", seed=0)
    assert "\n" not in str(caught.value)
