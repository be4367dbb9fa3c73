from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PIL import Image

from node.vision.cameras import stills
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


async def test_an_unreadable_picture_is_passed_over_and_noted_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    (tmp_path / "c.jpg").mkdir()
    Image.new("RGB", (4, 2), "red").save(tmp_path / "b.png")
    now, notes = 0.0, list[str]()
    camera = FolderCamera(tmp_path, lambda: now, notes.append)
    for _ in range(7):
        assert colour(await camera.snapshot()) == (255, 0, 0)
        now += SECONDS_PER_PICTURE
    await camera.close()
    assert [note.partition(" (")[0] for note in notes] == [
        f"passed over: cannot read the picture '{tmp_path / name}'" for name in ("a.png", "c.jpg")
    ]


async def test_a_picture_that_is_shown_may_vanish(tmp_path: Path) -> None:
    for name in ("red", "lime"):
        Image.new("RGB", (4, 2), name).save(tmp_path / f"{name}.png")
    now = 0.0
    camera = FolderCamera(tmp_path, lambda: now)
    assert colour(await camera.snapshot()) == (0, 255, 0)
    (tmp_path / "lime.png").unlink()
    assert colour(await camera.snapshot()) == (0, 255, 0)
    now += 2 * SECONDS_PER_PICTURE + 1
    for _ in range(2):
        now += SECONDS_PER_PICTURE
        assert colour(await camera.snapshot()) == (255, 0, 0)
    await camera.close()


async def test_a_picture_that_hangs_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    Image.new("RGB", (4, 2)).save(tmp_path / "a.png")
    monkeypatch.setattr(stills, "MAX_WAIT", 0.01)
    monkeypatch.setattr(stills, "open_small", lambda path: over.wait())
    camera = FolderCamera(tmp_path, lambda: 0.0)
    with pytest.raises(NodeError, match=r"the folder .* does not answer"):
        await camera.snapshot()
    await camera.close()
    over.set()


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
