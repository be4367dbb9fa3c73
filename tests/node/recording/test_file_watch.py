"""What became of a file that is being written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from node.recording.file_watch import FileLocation, locate

SYSTEM_TELLS = sys.platform == "linux"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "here.mcap"


@pytest.fixture
def file(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file


def test_it_is_where_it_was_made(file: BinaryIO, path: Path) -> None:
    assert locate(file, path) == FileLocation(path)


def test_it_was_deleted(file: BinaryIO, path: Path) -> None:
    path.unlink()
    assert locate(file, path) == FileLocation(None, is_deleted=True)
    path.write_text("another")
    assert locate(file, path) == FileLocation(None, is_deleted=True)


def test_it_was_moved(file: BinaryIO, path: Path) -> None:
    moved = path.rename(path.with_name("there.mcap"))
    expected = FileLocation(moved if SYSTEM_TELLS else None)
    assert locate(file, path) == expected
    path.write_text("another")
    assert locate(file, path) == expected


def test_its_folder_was_moved(file: BinaryIO, path: Path) -> None:
    folder = path.parent.rename(path.parent.with_name("elsewhere"))
    assert locate(file, path) == FileLocation(folder / path.name if SYSTEM_TELLS else None)


def test_by_the_name_that_nfs_gives_what_was_deleted(file: BinaryIO, path: Path) -> None:
    path.rename(path.with_name(".nfs0000000000000001"))
    assert locate(file, path).is_deleted == SYSTEM_TELLS


def test_a_closed_file_says_nothing(file: BinaryIO, path: Path) -> None:
    file.close()
    assert locate(file, path) == FileLocation(path)
