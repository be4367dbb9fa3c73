from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from node.vision.gallery import Gallery
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
    assert not path.with_suffix(".part").exists()
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
