"""Finds words in a session: in what was said and typed, and in what was said with pictures."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from node.recording.reader import Recorded, picture_of
from node.recording.typed_lines import line_of
from protocol.errors import NodeError, UsageError
from protocol.log import Frame

if TYPE_CHECKING:
    from protocol.log import Record

# Before the words that are sought: a caption stands for the moment before it, and lines have a beginning to be heard.
LEAD_S = 1.0


def holds(text: str, sought: str) -> bool:
    """Return whether a text holds another one, in either case, with any white space, accents composed or not."""
    return _folded(sought) in _folded(text)


def check_sought(sought: str) -> None:
    """Raise UsageError if nothing is sought: every text would hold it."""
    if not _folded(sought):
        raise UsageError("there is no word to look for: give one that was said, typed or seen")


def first_with(session: Recorded, sought: str) -> float | None:
    """Return when the first line or caption begins that holds this text, in seconds; None if none does.

    Captions are searched where their words are kept beside them, as recordings of today have them.
    """
    check_sought(sought)
    return min((at for at, text in _texts(session.records(kinds=(Frame,))) if holds(text, sought)), default=None)


def place_of(session: Recorded, path: Path, sought: str, remarks: Iterable[str] = ()) -> float:
    """Return from where to replay a session for these words. Raises NodeError if it does not hold them.

    The remarks are those on what is missing of it.
    """
    found = first_with(session, sought)
    if found is None:
        raise not_found(path, sought, remarks)
    return max(0.0, found - LEAD_S)


def not_found(path: Path, sought: str, remarks: Iterable[str]) -> NodeError:
    """Return the error for words that are not in a session, of which the remarks say what is missing."""
    return NodeError("; ".join([f"nothing in {str(path)!r} says {sought!r}", *remarks]))


def _texts(records: Iterator[Record]) -> Iterator[tuple[float, str]]:
    for record in records:
        if not isinstance(record, Frame):
            continue
        if (line := line_of(record)) is not None:
            yield line.at_s, line.text
        elif record.caption and picture_of(record.frame) is not None:
            yield record.at_us / 1e6, record.caption


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())
