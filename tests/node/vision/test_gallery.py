from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from node.vision.gallery import Gallery, PictureKeeper
from node.vision.sender import PaintedPicture
from protocol.errors import NodeError

PICTURE = Image.new("RGB", (8, 8), "red")


def noon() -> datetime:
    return datetime(2026, 5, 4, 12, 0, 1)


async def test_a_picture_is_kept_with_its_words(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "new" / "folder", noon)

    path = await gallery.save(PICTURE, "alice", 12, "a café at night")

    assert path == tmp_path / "new" / "folder" / "20260504-120001-alice-00012.png"
    with Image.open(path) as kept:
        assert kept.info["Description"] == "a café at night"
        assert kept.size == (8, 8)


@pytest.mark.parametrize("sender", ["../../etc/passwd", "", "a\0b", "x" * 500, "con:1", "名"])
async def test_no_sender_leads_out_of_the_folder(tmp_path: Path, sender: str) -> None:
    path = await Gallery(tmp_path, noon).save(PICTURE, sender, 1, "")
    assert path.parent == tmp_path
    assert path.is_file()


async def test_what_is_to_be_seen_now_is_one_file_a_sender(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, noon)
    path = await gallery.show_now(PICTURE, "../alice")
    assert await gallery.show_now(Image.new("RGB", (3, 3)), "../alice") == path
    assert path.name == "now-_alice.png"
    assert_whole(tmp_path)
    assert Image.open(path).size == (3, 3)


async def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(NodeError, match="--pictures"):
        Gallery(blocked / "pictures")

    gallery = Gallery(tmp_path / "pictures", noon)
    (tmp_path / "pictures").rmdir()
    with pytest.raises(NodeError, match="--pictures"):
        await gallery.save(PICTURE, "alice", 1, "a cat")
    with pytest.raises(NodeError, match="--pictures"):
        await gallery.show_now(PICTURE, "alice")


def painted(number: int, caption: str = "a cat") -> PaintedPicture:
    return PaintedPicture("bob", number, caption, 7, PICTURE)


class Disk:
    """Is full when it is told so: writing a picture then fails as it does there, in the midst of the file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        write = Path.write_bytes

        def fail_if_full(path: Path, data: bytes) -> int:
            if self.full:
                write(path, data[:4])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(path, data)

        monkeypatch.setattr(Path, "write_bytes", fail_if_full)


def assert_whole(folder: Path) -> None:
    assert not list(folder.glob("*.part"))
    for path in folder.iterdir():
        with Image.open(path) as whole:
            whole.load()


async def test_a_full_disk_is_noted_once_and_again_after_it_had_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    disk, keeper = Disk(monkeypatch), PictureKeeper(Gallery(tmp_path, noon), notes.append)
    for full in (True, False, True):
        disk.full = full
        for number in range(3):
            await keeper.keep(painted(number))
            await keeper.show_now("bob", PICTURE)
    trouble = [note for note in notes if "No space left on device" in note]
    assert len(trouble) == 2
    assert trouble[0] == notes[0]
    assert trouble[0].endswith("choose another --pictures folder; the call goes on")
    assert [note for note in notes if note not in trouble] == [
        f"painted 20260504-120001-bob-{number:05d}.png: a cat" for number in range(3)
    ]
    assert_whole(tmp_path)


async def test_words_that_are_no_text_are_kept_as_text(tmp_path: Path) -> None:
    path = await Gallery(tmp_path, noon).save(PICTURE, "bob", 1, "a\ud800 cat\x00\x1b")
    with Image.open(path) as kept:
        assert kept.info["Description"] == "a� cat�"
