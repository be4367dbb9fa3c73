"""Which words open which camera; what each says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from node.vision import cameras
from node.vision.cameras import Camera, open_camera
from node.vision.cameras.scene import SceneCamera
from node.vision.cameras.stills import FolderCamera, StillCamera
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
