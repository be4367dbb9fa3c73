"""The folder of an archive: its index, what could not be exported, and the files that are not finished.

    DIR/talk.mp4            an exported session
    DIR/index.jsonl         a line for each: its name, its file, its key, its size, time and digest
    DIR/failed.jsonl        of the last run, what could not be exported, and why
    DIR/.part/RUN/talk.mp4  what a worker wrote, until it is taken over

A line is in the index, on the disk, before the finished file gets its name. So whenever the machine stops, a file with
its name is a whole one, and one that the index describes is known by its size and time: either the rename happened, or
what is there is another file, and the session is exported again.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from node.common.files import unwritable
from node.common.printable import escaped
from node.export.archive_units import FAILED, INDEX, MadeFile, Unit
from protocol.errors import NodeError

UNFINISHED = ".part"

# Of a line of the index: a path has at most 4,096 bytes, and longer lines are no line of ours.
MOST_LINE_BYTES = 65_536

_DIGEST_DIGITS = 64


class ArchiveFolder:
    """The folder while an archive is being made in it, which only one program does at a time: a context.

    Raises NodeError if it cannot be made or written, or if another program is at it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = secrets.token_hex(4)
        self._made: dict[str, list[MadeFile]] = {}
        self._index: IO[bytes] | None = None

    def __enter__(self) -> ArchiveFolder:
        try:
            self._open()
        except OSError as error:
            self._close()
            raise self._unwritable(error) from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        self._close()

    @property
    def stage(self) -> Path:
        """Where the workers of this run write."""
        return self.path / UNFINISHED / self.run

    def known(self, name: str) -> tuple[MadeFile, ...]:
        """Return what the index has of a name, the newest last."""
        return tuple(self._made.get(name, ()))

    def commit(self, unit: Unit, made: MadeFile) -> Path:
        """Take over the finished file of a unit, and return where it is. OSError comes out as it is."""
        target = self.path / unit.name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._append({"name": unit.name, "file": unit.file, **asdict(made)})
        (self.stage / unit.name).replace(target)
        self._made.setdefault(unit.name, []).append(made)
        return target

    def fail(self, unit: Unit, reason: str) -> None:
        """Keep that a unit failed. OSError comes out as it is."""
        with (self.path / FAILED).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(_line({"file": unit.file, "reason": reason}))

    def _unwritable(self, error: OSError) -> NodeError:
        """Return what to raise; the system's error names the archive's own file that is in the way, if one is."""
        named = Path(os.fsdecode(error.filename)) if error.filename else self.path
        inner = f": it is about {named.name!r} there" if self.path in named.parents else ""
        return NodeError(f"{unwritable(self.path, error, 'archive')}{inner}")

    def _open(self) -> None:
        if not self.path.is_dir():
            if self.path.exists():
                raise NodeError(f"cannot write the archive {str(self.path)!r}: it is no folder; name one with --to-dir")
            if not self.path.parent.is_dir():
                raise NodeError(f"no folder {str(self.path.parent)!r} to make {self.path.name!r} in: make it first")
            self.path.mkdir()
        self._index = (self.path / INDEX).open("a+b")
        _lock(self._index, self.path)
        self._index.seek(0)
        self._made = read_index(self._index)
        end = self._index.seek(0, os.SEEK_END)
        if end and _byte_before(self._index, end) != b"\n":  # of a line that a crash cut off
            self._index.write(b"\n")
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        (self.path / FAILED).unlink(missing_ok=True)
        self.stage.mkdir(parents=True)

    def _append(self, fields: dict[str, Any]) -> None:
        assert self._index is not None
        self._index.write(_line(fields).encode(errors="backslashreplace"))
        self._index.flush()
        os.fsync(self._index.fileno())

    def _close(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            with contextlib.suppress(OSError):
                index.close()


def read_index(file: IO[bytes]) -> dict[str, list[MadeFile]]:
    """Read an index: by name, what was made under it, the newest last. What is no line of it is passed over."""
    made: dict[str, list[MadeFile]] = {}
    for line in _lines(file):
        if (entry := _entry(line)) is not None:
            made.setdefault(entry[0], []).append(entry[1])
    return made


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    whole = True
    while line := file.readline(MOST_LINE_BYTES):
        ends = line.endswith(b"\n")
        if whole and ends:
            yield line
        whole = ends


def _entry(line: bytes) -> tuple[str, MadeFile] | None:
    try:
        fields = json.loads(line)
        name, key, sha256 = texts = [fields[field] for field in ("name", "key", "sha256")]
        size, time_ns = numbers = [fields[field] for field in ("bytes", "mtime_ns")]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not all(type(number) is int for number in numbers) or not all(isinstance(text, str) for text in texts):
        return None
    return (name, MadeFile(key, size, time_ns, sha256)) if len(key) == len(sha256) == _DIGEST_DIGITS else None


def _byte_before(file: IO[bytes], position: int) -> bytes:
    file.seek(position - 1)
    return file.read(1)


def _line(fields: dict[str, Any]) -> str:
    return escaped(json.dumps(fields, ensure_ascii=False, separators=(",", ":"))) + "\n"


def _lock(file: IO[bytes], folder: Path) -> None:
    """Lock the index for as long as it is open, where the system can: a crash opens the lock."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NodeError(
            f"another program is making an archive in {str(folder)!r}: wait for it, or name another folder"
        ) from None
    except OSError:  # a network's disk without locks
        return
