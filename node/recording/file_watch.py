"""What became of a file that is being written: still where it was made, moved, or deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

DELETED = " (deleted)"
NFS_DELETED = ".nfs"
"""What a file is called on NFS that was deleted while somebody has it open."""


@dataclass(frozen=True, slots=True)
class FileWatch:
    """`path` is where the file is by now, None if that is not known; `is_deleted` tells that it is nowhere."""

    path: Path | None
    is_deleted: bool = False


def whereabouts(file: BinaryIO, path: Path) -> FileWatch:
    """Return where a file is that was opened at this path. A disk that does not answer the question changes nothing."""
    try:
        opened = os.fstat(file.fileno())
    except (OSError, ValueError):
        return FileWatch(path)
    if opened.st_nlink == 0:
        return FileWatch(None, is_deleted=True)
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _elsewhere(file, path, missing=True)
    except OSError:
        return FileWatch(path)
    same = (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino)
    return FileWatch(path) if same else _elsewhere(file, path, missing=False)


def _elsewhere(file: BinaryIO, path: Path, missing: bool) -> FileWatch:
    """By the name that the system has for an open file, where it has one."""
    try:
        name = str(Path(f"/proc/self/fd/{file.fileno()}").readlink())
    except (OSError, ValueError):
        return FileWatch(None)
    if name.endswith(DELETED) or Path(name).name.startswith(NFS_DELETED):
        return FileWatch(None, is_deleted=True)
    if not missing and name == os.path.realpath(path):
        return FileWatch(path)  # a file system that numbers one file in two ways
    return FileWatch(Path(name) if Path(name).exists() else None)
