"""Session files made for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sessions import HEADER

from node.recording.reader import SessionReader
from node.recording.writer import SessionWriter
from protocol.log import Header, Record


def written(path: Path, records: Iterable[Record], header: Header = HEADER, secret: bytes | None = None) -> Path:
    """Writes a whole session file of these records, in the order of their times."""
    with path.open("wb") as stream:
        writer = SessionWriter(stream, header, secret)
        ordered = sorted(records, key=lambda record: record.at_us)
        writer.write_all(ordered)
        writer.finish(ordered[-1].at_us if ordered else 0)
    return path


def read(path: Path, secret: bytes | None = None) -> list[Record]:
    """All records of a file."""
    with SessionReader.open(path, secret) as session:
        assert session.complete
        return list(session.records())
