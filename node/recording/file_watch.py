"""What became of a file that is being written: still where it was made, moved, or deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# What a file is called on NFS that was deleted while somebody has it open.
DELETED = " (deleted)"
NFS_DELETED = ".nfs"


@dataclass(frozen=True, slots=True)
class FileLocation:
    """`path` is where the file is by now, None if that is not known; `is_deleted` tells that it is nowhere."""

    path: Path | None
    is_deleted: bool = False


def locate(file: BinaryIO, path: Path) -> FileLocation:
    """Return where a file is that was opened at this path. A disk that does not answer the question changes nothing."""
    try:
        opened = os.fstat(file.fileno())
    except (OSError, ValueError):
        return FileLocation(path)
    if opened.st_nlink == 0:
        return FileLocation(None, is_deleted=True)
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _elsewhere(file, path, missing=True)
    except OSError:
        return FileLocation(path)
    same = (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino)
    return FileLocation(path) if same else _elsewhere(file, path, missing=False)


def _elsewhere(file: BinaryIO, path: Path, missing: bool) -> FileLocation:
    """By the name that the system has for an open file, where it has one."""
    try:
        name = str(Path(f"/proc/self/fd/{file.fileno()}").readlink())
    except (OSError, ValueError):
        return FileLocation(None)
    if name.endswith(DELETED) or Path(name).name.startswith(NFS_DELETED):
        return FileLocation(None, is_deleted=True)
    if not missing and name == os.path.realpath(path):
        return FileLocation(path)  # a file system that numbers one file in two ways
    return FileLocation(Path(name) if Path(name).exists() else None)
