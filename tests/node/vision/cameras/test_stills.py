from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from node.vision.cameras.stills import SECONDS_PER_PICTURE, FolderCamera, StillCamera
from protocol.errors import NodeError


def colour(image: Image.Image) -> object:
    return image.getpixel((0, 0))


async def test_a_still_camera_hands_out_copies(tmp_path: Path) -> None:
    Image.new("RGB", (4, 2), "red").save(tmp_path / "red.png")
    camera = StillCamera(tmp_path / "red.png")
    first = await camera.snapshot()
    first.putpixel((0, 0), (0, 0, 0))
    assert colour(await camera.snapshot()) == (255, 0, 0)
    await camera.close()


async def test_a_folder_shows_one_picture_after_the_other_and_starts_again(tmp_path: Path) -> None:
    for number, name in enumerate(["red", "lime", "blue"]):
        Image.new("RGB", (4, 2), name).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    now = 50.0
    camera = FolderCamera(tmp_path, lambda: now)
    shown = []
    for _ in range(4):
        shown.append(colour(await camera.snapshot()))
        now += SECONDS_PER_PICTURE
    assert shown == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 0)]
    await camera.close()


async def test_an_unreadable_picture_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    Image.new("RGB", (4, 2), "red").save(tmp_path / "b.png")
    assert colour(await FolderCamera(tmp_path, lambda: 0.0).snapshot()) == (255, 0, 0)


async def test_a_folder_of_unreadable_pictures_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(NodeError, match="none of the 1 pictures"):
        await FolderCamera(tmp_path, lambda: 0.0).snapshot()


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no picture in the folder"):
        FolderCamera(tmp_path, lambda: 0.0)


def test_an_unreadable_still_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(NodeError, match="not a picture"):
        StillCamera(tmp_path / "a.png")
