"""Sessions made of sessions: a part of one, several one after the other, one without what nobody should hear or read.

The result is sealed if a session that it was made of was, with the same room's secret.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from node.common.files import atomic_write
from node.recording.participants import Participants
from node.recording.reader import Session
from node.recording.writer import SessionWriter
from node.replay.pictures import fitting_words
from protocol import frames
from protocol.captions.tokens import to_utf8
from protocol.errors import FrameError, UsageError, VersionError
from protocol.log import Frame, Header, Joined, Left, Note, Record, Snapshot, Speech
from protocol.signalling import Carries

REDACTED = "[redacted]"
_US = 1_000_000
Tell = Callable[[str], None]


def _nobody(text: str) -> None:
    """Nobody is told."""


# -- a part


def cut(
    file: Path,
    output: Path,
    start: float,
    end: float | None,
    secret: bytes | None,
    force: bool = False,
    note: Tell = _nobody,
) -> float:
    """Writes what lies between two moments; returns how long it is. UsageError if nothing does.

    `note` is told what a person should know, here and below: what could not be read.
    """
    with Session.open(file, secret) as session:
        last = session.duration_s
        if start >= last:
            raise UsageError(f"nothing lies after {start:g} s: the session is {last:g} s long")
        seconds = (last if end is None else min(end, last)) - start
        header = dataclasses.replace(
            session.header,
            started_ns=session.header.started_ns + round(start * 1e9),
            monotonic_s=session.header.monotonic_s + start,
        )
        _write(output, header, _part(session, start, end), seconds, secret if session.sealed else None, force)
        _note_damage([session], note)
        return seconds


def _part(session: Session, start: float, end: float | None) -> Iterator[Record]:
    """The records of that time, after what held when it began: who was here, and the picture of each."""
    start_us = round(start * _US)
    for record in session.state(start):
        yield dataclasses.replace(_alone(record), at_us=0)
    for record in session.records(start, end):
        yield dataclasses.replace(record, at_us=record.at_us - start_us)


def _alone(record: Record) -> Record:
    """A picture that was coded against an earlier one, coded so that it is read without."""
    if not isinstance(record, Frame) or record.caption is None:
        return record
    picture = _picture(record)
    if picture is None or picture.earlier is None:
        return record
    return dataclasses.replace(record, frame=_coded(picture, fitting_words(record.caption)))


# -- one after the other


def join(
    files: Sequence[Path],
    output: Path,
    secret: bytes | None,
    note: Tell = _nobody,
    force: bool = False,
) -> float:
    """Writes the sessions one after the other; returns how long they are together."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(Session.open(file, secret)) for file in files]
        first, seconds = sessions[0], sum(session.duration_s for session in sessions)
        books = {book: None for session in sessions for book in session.header.codebooks}
        if any(session.header.models != first.header.models for session in sessions):
            note("they were painted by different models: the joined session names those of the first")
        header = dataclasses.replace(first.header, codebooks=tuple(books))
        sealed = any(session.sealed for session in sessions)
        _write(output, header, _joined(sessions), seconds, secret if sealed else None, force)
        _note_damage(sessions, note)
        return seconds


def _joined(sessions: Sequence[Session]) -> Iterator[Record]:
    """Everybody leaves at the end of each session, so that none of it lasts into the next."""
    begins_us = 0
    for session in sessions:
        own, name = session.header.node, session.header.name
        here: dict[str, None] = {}
        if own != sessions[0].header.node:
            here[own] = None
            yield Joined(begins_us, own, name, int(Carries.SPEECH_OUT | Carries.PICTURES_OUT))
        for record in session.records():
            match record:
                case Joined(peer=peer):
                    here[peer] = None
                case Left(peer=peer):
                    here.pop(peer, None)
            yield dataclasses.replace(record, at_us=record.at_us + begins_us)
        begins_us += round(session.duration_s * _US)
        if session is not sessions[-1]:
            yield from (Left(begins_us, peer) for peer in here)


# -- without something


@dataclasses.dataclass(frozen=True, slots=True)
class Without:
    """What is left out: speech, words, or both; of these people alone, if any are named."""

    speech: bool = False
    words: bool = False
    who: tuple[str, ...] = ()


def redact(
    file: Path, output: Path, without: Without, secret: bytes | None, force: bool = False, note: Tell = _nobody
) -> float:
    """Writes the session without what is to be left out; returns how long it is.

    Of words, the pictures' captions are replaced, typed lines, snapshots and what the recording person was told are
    dropped. Raises UsageError if nothing is to be left out, NodeError for a name that nobody has.
    """
    if not (without.speech or without.words):
        raise UsageError("nothing to leave out: give --speech, --words or both")
    with Session.open(file, secret) as session:
        ids = _ids(session, without.who)
        records = _redacted(session.records(), session.header.node, without, ids)
        sealed = secret if session.sealed else None
        _write(output, session.header, records, session.duration_s, sealed, force)
        _note_damage([session], note)
        return session.duration_s


def _ids(session: Session, who: Collection[str]) -> set[str] | None:
    if not who:
        return None
    people = Participants(session)
    for record in session.records(kinds=(Joined,)):
        people.meet(record)
    return people.ids(who)


def _redacted(records: Iterable[Record], own: str, without: Without, ids: set[str] | None) -> Iterator[Record]:
    def is_meant(sender: str) -> bool:
        return ids is None or sender in ids

    for record in records:
        match record:
            case Speech(sender=sender) if without.speech and is_meant(sender):
                continue
            case Frame(sender=sender) if without.words and is_meant(sender):
                if (wordless := _wordless(record)) is not None:
                    yield wordless
            case Snapshot() if without.words and is_meant(own):
                continue
            case Note() if without.words:
                continue
            case _:
                yield record


def _wordless(record: Frame) -> Frame | None:
    """The frame with nothing in it of what its picture showed; None for a typed line and what cannot be read."""
    try:
        frame = frames.decode(record.frame)
    except (FrameError, VersionError):
        return None
    match frame:
        case frames.Picture():
            plain = dataclasses.replace(frame, seed=0, look=b"")
            return dataclasses.replace(record, frame=_coded(plain, REDACTED), caption=REDACTED)
        case frames.Hold():
            return record
        case _:
            return None


# -- common


def _picture(record: Frame) -> frames.Picture | None:
    try:
        frame = frames.decode(record.frame)
    except (FrameError, VersionError):
        return None
    return frame if isinstance(frame, frames.Picture) else None


def _coded(picture: frames.Picture, words: str) -> bytes:
    """The frame with these words, coded alone and with no codebook."""
    return frames.encode(dataclasses.replace(picture, codec=0, caption=to_utf8(words)[0], earlier=None))


def _note_damage(sessions: Iterable[Session], note: Tell) -> None:
    for session in sessions:
        if session.left_out:
            note(session.left_out)


def _write(
    output: Path, header: Header, records: Iterable[Record], seconds: float, secret: bytes | None, force: bool
) -> None:
    with atomic_write(output, force) as path, path.open("wb") as stream:
        writer = SessionWriter(stream, header, secret)
        writer.write_all(records)
        writer.finish(round(seconds * _US))
