"""Which words open which camera; what each says when it cannot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from node.vision import cameras
from node.vision.cameras import Camera, open_camera
from node.vision.cameras.scene import SceneCamera
from node.vision.cameras.stills import FolderCamera, StillCamera
from node.vision.cameras.video import VideoCamera
from node.vision.cameras.webcam import Webcam
from protocol.errors import NodeError


@pytest.fixture(autouse=True)
def no_webcams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "webcams", list)
    monkeypatch.setattr(cameras.webcam, "webcams", list)


async def test_a_file_a_folder_and_a_scene_open_their_cameras(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    Image.new("RGB", (4, 4)).save(picture)
    for spec, kind in ((str(picture), StillCamera), (str(tmp_path), FolderCamera), ("scene:7", SceneCamera)):
        camera: Camera = open_camera(spec)
        assert isinstance(camera, kind)
        assert camera.name == spec
        assert (await camera.snapshot()).mode == "RGB"
        await camera.close()


def test_a_webcam_is_opened_by_the_name_that_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str | None] = []
    monkeypatch.setattr(cameras, "webcams", lambda: [Webcam("Front Camera", "")])
    monkeypatch.setattr(cameras, "WebcamCamera", opened.append)
    for spec in ("webcam", "webcam:Back Camera", "Front Camera", "/dev/video3"):
        open_camera(spec)
    assert opened == [None, "Back Camera", "Front Camera", "/dev/video3"]


@pytest.mark.parametrize("spec", ["", "nothing", "missing.png", "/nowhere/clip.mp4", "scene:x", "scene:-1", "webcam"])
def test_what_cannot_be_opened_is_one_line_with_its_name(spec: str) -> None:
    with pytest.raises(NodeError) as caught:
        open_camera(spec)
    assert spec.partition(":")[2] in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("format", "options", "kind"),
    [
        ("PNG", {}, StillCamera),
        ("GIF", {}, StillCamera),
        ("MPO", {"save_all": True, "append_images": [Image.new("RGB", (64, 64), "blue")]}, StillCamera),
        ("TIFF", {"save_all": True, "append_images": [Image.new("RGB", (64, 64), "blue")]}, StillCamera),
        (
            "GIF",
            {"save_all": True, "duration": 60_000, "append_images": [Image.new("RGB", (64, 64), "blue")]},
            VideoCamera,
        ),
        (
            "PNG",
            {"save_all": True, "duration": 60_000, "append_images": [Image.new("RGB", (64, 64), "blue")]},
            VideoCamera,
        ),
    ],
)
async def test_what_a_file_is_its_contents_say_and_not_its_name(
    tmp_path: Path, format: str, options: dict[str, object], kind: type[Camera]
) -> None:
    for name in ("picture", "picture.mp4", "a:b %03d.jpg"):
        Image.new("RGB", (64, 64), "red").save(tmp_path / name, format, **options)
        camera = open_camera(str(tmp_path / name))
        assert isinstance(camera, kind)
        assert (await camera.snapshot()).getpixel((30, 30)) == pytest.approx((255, 0, 0), abs=3)
        await camera.close()


async def test_an_animation_that_cannot_be_played_is_shown_as_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise NodeError("no decoder here for its video")

    monkeypatch.setattr(cameras, "VideoCamera", refuse)
    moves = [Image.new("RGB", (64, 64), "blue")]
    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.webp", save_all=True, append_images=moves)
    assert isinstance(open_camera(str(tmp_path / "a.webp")), StillCamera)


def fifo(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo(path)


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.touch(), "it is empty"),
        (lambda path: path.write_text("words " * 99), "cannot play"),
        (lambda path: path.write_text("#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n"), "a list of other files"),
        (fifo, "it is a named pipe"),
    ],
)
def test_a_file_that_is_neither_is_one_line(
    tmp_path: Path, make: Callable[[Path], None], reason: str, name: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(NodeError, match=reason) as caught:
        open_camera(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("spec", ["~nobody-of-that-name/a.png", "x" * 300, "a\0b"])
def test_a_path_that_cannot_be_is_one_line(spec: str) -> None:
    with pytest.raises(NodeError, match="no camera") as caught:
        open_camera(spec)
    assert len(str(caught.value).splitlines()) == 1
