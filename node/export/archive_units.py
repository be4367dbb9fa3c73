"""The sessions of an archive: what each is exported to, and the key of what was exported."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from protocol.errors import NodeError, UsageError

# Formats by the suffixes of their files, and those in which pictures are painted.
FORMATS = ("mp4", "webm", "opus", "srt", "html", "jsonl")
PAINTED = ("mp4", "webm", "html")

# What a folder's sessions are named.
SESSIONS = "*.mcap"

# The archive's own files, which no session's may replace.
INDEX, FAILED = "index.jsonl", "failed.jsonl"

# Part of every key: another one makes every archive anew, for when the same options mean other bytes.
SCHEME = "pictophone archive 1"

SERIAL_MASK = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class ArchiveOptions:
    """How all sessions of an archive are exported; see `ExportOptions`. Paths are absolute."""

    folder: str
    format: str = "mp4"
    start: float = 0.0
    end: float | None = None
    pictures: bool = True
    mark: bool = True
    who: tuple[str, ...] = ()
    models: str | None = None
    generator: str | None = None
    lyra: str | None = None
    force: bool = False

    @property
    def paints(self) -> bool:
        """Whether pictures are painted."""
        return self.pictures and self.format in PAINTED


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of the archive, as the index has it: its key, and what tells it from any other.

    `mtime_ns` is enough where files lie as they were made; of one that was copied, the digest tells.
    """

    key: str
    bytes: int
    mtime_ns: int
    sha256: str

    def is_at(self, path: Path) -> bool:
        """Tell whether the file at `path` is this one, whole. Reads it if the time of its last change differs."""
        try:
            status = path.stat()
            if status.st_size != self.bytes:
                return False
            return status.st_mtime_ns == self.mtime_ns or digest(path) == self.sha256
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Unit:
    """A session to export: the absolute path of its file, the name in the archive, and what was made there before."""

    file: str
    name: str
    known: tuple[MadeFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit: `made`, or it was there already (`skipped`), or it failed for a `reason` of one line.

    A `lasting` failure is the session's own: trying again does not help. `full` is one of the archive's disk.
    `notes` are lines for the user about the session.
    """

    made: MadeFile | None = None
    skipped: bool = False
    reason: str = ""
    lasting: bool = False
    full: bool = False
    notes: tuple[str, ...] = ()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits. OSError comes out as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(file_sha256: str, program: str, generator: str, lyra: str, options: ArchiveOptions) -> str:
    """Return the key of an exported file: the SHA-256 of everything that its bytes follow from.

    `program` is its name and version; `generator` and `lyra` are the digests of the models, empty if none is used.
    """
    what = asdict(options)
    for name in ("folder", "force", "lyra"):  # where it lies changes nothing
        del what[name]
    if not options.paints:
        del what["models"], what["generator"]
    parts = [SCHEME, file_sha256, program, generator, lyra, what]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def serial_of(key: str) -> int:
    """Return the serial number of the Ogg stream in the file with this key."""
    return int(key[:8], 16) & SERIAL_MASK


def find_units(given: Iterable[Path], form: str) -> tuple[list[Unit], list[str]]:
    """Return the units of the files, folders and patterns that were given, and lines on those given twice.

    Of a folder it is every session in it, and in the archive they lie as they do there. Raises UsageError if two
    sessions would be exported to one file, NodeError for a folder or a pattern without any.
    """
    units: dict[str, Unit] = {}
    twice: list[str] = []
    for path, relative in (found for each in given for found in _sessions(each)):
        absolute = os.path.abspath(path)  # noqa: PTH100 (a link is a session of its own name)
        unit = Unit(absolute, relative.with_suffix(f".{form}").as_posix())
        other = units.setdefault(unit.name, unit)
        if other is not unit:
            if not _same(other.file, unit.file):
                raise UsageError(
                    f"{other.file!r} and {unit.file!r} would both become {unit.name!r}: "
                    "export them to two folders, or name one differently"
                )
            twice.append(f"{str(path)!r} is named twice, and exported once")
        if unit.name in (INDEX, FAILED):
            raise UsageError(
                f"{str(path)!r} would become {unit.name!r}, which is the archive's own: name it differently"
            )
    return list(units.values()), twice


def _sessions(given: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each session, and its path below the folder that was given."""
    try:
        if given.is_dir():
            yield from _within(given)
        elif glob.has_magic(str(given)) and not given.exists():
            matches = sorted(map(Path, glob.glob(str(given), recursive=True)))  # noqa: PTH207 (absolute ones too)
            if not matches:
                raise NodeError(f"nothing is named like {str(given)!r}: check the pattern")
            for match in matches:
                yield from _within(match) if match.is_dir() else [(match, Path(match.name))]
        else:
            yield given, Path(given.name)
    except OSError as error:
        raise NodeError(f"cannot read {str(given)!r}: {error.strerror or error}") from None


def _within(folder: Path) -> list[tuple[Path, Path]]:
    # What is named like a session and is no file, as a link to nowhere, is a unit that fails: it is not passed over.
    next(os.scandir(folder), None)  # one that may not be read raises: rglob would find nothing in it
    found = [(path, path.relative_to(folder)) for path in sorted(folder.rglob(SESSIONS)) if not path.is_dir()]
    if not found:
        raise NodeError(f"no session ({SESSIONS}) in the folder {str(folder)!r}")
    return found


def _same(one: str, other: str) -> bool:
    try:
        return one == other or Path(one).samefile(other)
    except OSError:
        return False
