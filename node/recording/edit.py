"""Makes sessions of sessions: a part of one, several joined, one redacted, a damaged one recovered.

The result is sealed with the same room's secret if one of its sources was.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from node.common.files import atomic_write
from node.recording.participants import Participants, fitting_caption
from node.recording.reader import SessionReader, picture_of, plural
from node.recording.timecode import format_time
from node.recording.typed_lines import line_of
from node.recording.writer import SessionWriter
from protocol import frames, log
from protocol.captions.tokens import to_utf8
from protocol.errors import FrameError, UsageError, VersionError
from protocol.log import Frame, Header, Joined, Left, Record, Snapshot, Speech
from protocol.signalling import Carries

REDACTED = "[redacted]"
_US = 1_000_000
Note = Callable[[str], None]


def _discard(text: str) -> None:
    """Note nothing."""


# -- a part


def cut(
    file: Path,
    output: Path,
    start: float,
    end: float | None,
    secret: bytes | None,
    force: bool = False,
    note: Note = _discard,
) -> float:
    """Write the part from `start` to `end` (seconds) to a new session; return its duration in seconds.

    `note` gets a line on what could not be read. Raises UsageError if nothing lies between.
    """
    with SessionReader.open(file, secret) as session:
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


def _part(session: SessionReader, start: float, end: float | None) -> Iterator[Record]:
    """Yield the records of that time, after the state at its begin: a Joined and a picture of each participant."""
    start_us = round(start * _US)
    for record in session.state(start):
        yield dataclasses.replace(_independent(record), at_us=0)
    for record in session.records(start, end):
        yield dataclasses.replace(record, at_us=record.at_us - start_us)


def _independent(record: Record) -> Record:
    """Return a picture that was coded against an earlier one coded without it; any other record as it is."""
    if not isinstance(record, Frame) or record.caption is None:
        return record
    picture = picture_of(record.frame)
    if picture is None or picture.earlier is None:
        return record
    return dataclasses.replace(record, frame=_encoded(picture, fitting_caption(record.caption)))


# -- several joined


def join(
    files: Sequence[Path],
    output: Path,
    secret: bytes | None,
    note: Note = _discard,
    force: bool = False,
) -> float:
    """Write the sessions one after the other to a new one; return its duration in seconds."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(SessionReader.open(file, secret)) for file in files]
        first, seconds = sessions[0], sum(session.duration_s for session in sessions)
        books = {book: None for session in sessions for book in session.header.codebooks}
        if any(session.header.models != first.header.models for session in sessions):
            note("they were painted by different models: the joined session names those of the first")
        header = dataclasses.replace(first.header, codebooks=tuple(books))
        sealed = any(session.sealed for session in sessions)
        _write(output, header, _joined(sessions), seconds, secret if sealed else None, force)
        _note_damage(sessions, note)
        return seconds


def _joined(sessions: Sequence[SessionReader]) -> Iterator[Record]:
    """Yield the records of all; every participant leaves at the end of each session."""
    begins_us = 0
    for session in sessions:
        own, name = session.header.node, session.header.name
        present: dict[str, None] = {}
        if own != sessions[0].header.node:
            present[own] = None
            yield Joined(begins_us, own, name, int(Carries.SPEECH_OUT | Carries.PICTURES_OUT))
        for record in session.records():
            match record:
                case Joined(peer=peer):
                    present[peer] = None
                case Left(peer=peer):
                    present.pop(peer, None)
            yield dataclasses.replace(record, at_us=record.at_us + begins_us)
        begins_us += round(session.duration_s * _US)
        if session is not sessions[-1]:
            yield from (Left(begins_us, peer) for peer in present)


# -- one redacted


@dataclasses.dataclass(frozen=True, slots=True)
class Redaction:
    """What is left out: speech, captions and lines (`words`), or both; of the participants `who` alone, if any."""

    speech: bool = False
    words: bool = False
    who: tuple[str, ...] = ()


def redact(
    file: Path, output: Path, without: Redaction, secret: bytes | None, force: bool = False, note: Note = _discard
) -> float:
    """Write the session without what is to be left out; return its duration in seconds.

    Without words, captions are replaced; lines, snapshots and notes are dropped. Raises UsageError if nothing is to be
    left out, NodeError for a name that no participant has.
    """
    if not (without.speech or without.words):
        raise UsageError("nothing to leave out: give --speech, --words or both")
    with SessionReader.open(file, secret) as session:
        ids = _ids(session, without.who)
        records = _redacted(session.records(), session.header.node, without, ids)
        sealed = secret if session.sealed else None
        _write(output, session.header, records, session.duration_s, sealed, force)
        _note_damage([session], note)
        return session.duration_s


def _ids(session: SessionReader, who: Collection[str]) -> set[str] | None:
    if not who:
        return None
    people = Participants(session)
    for record in session.records(kinds=(Joined,)):
        people.learn(record)
    return people.ids(who)


def _redacted(records: Iterable[Record], own: str, without: Redaction, ids: set[str] | None) -> Iterator[Record]:
    def is_redacted(sender: str) -> bool:
        return ids is None or sender in ids

    for record in records:
        match record:
            case Speech(sender=sender) if without.speech and is_redacted(sender):
                continue
            case Frame() if without.speech and is_redacted(record.sender) and _is_spoken(record):
                continue
            case Frame() if without.words and any(map(is_redacted, _authors(record))):
                if (redacted := _without_words(record)) is not None:
                    yield redacted
            case Snapshot() if without.words and is_redacted(own):
                continue
            case log.Note() if without.words:
                continue
            case _:
                yield record


def _is_spoken(record: Frame) -> bool:
    """Return whether a frame is a line of what was spoken: as much a part of it as its sound."""
    return (line := line_of(record)) is not None and line.spoken_s > 0


def _authors(record: Frame) -> Iterator[str]:
    """Yield whose words a frame has: its sender's, and of a line that was relayed its author's."""
    yield record.sender
    if (line := line_of(record)) is not None:
        yield line.author


def _without_words(record: Frame) -> Frame | None:
    """Return the frame without its picture's caption, seed and look; None for a line and for what cannot be read."""
    try:
        frame = frames.decode(record.frame)
    except (FrameError, VersionError):
        return None
    match frame:
        case frames.Picture():
            plain = dataclasses.replace(frame, seed=0, look=b"")
            return dataclasses.replace(record, frame=_encoded(plain, REDACTED), caption=REDACTED)
        case frames.Hold():
            return record
        case _:
            return None


# -- a damaged one recovered


def recover(path: Path, output: Path | None, secret: bytes | None) -> list[str]:
    """Write everything readable of `path` to a new file, by default one beside it; return a report in lines.

    A sealed session is sealed again. Raises LogError if nothing is left, or it is no session; NodeError or UsageError
    if the new file cannot be written, of which nothing stays then.
    """
    output = output or path.with_stem(f"{path.stem}-recovered")
    with SessionReader.open(path, secret) as session:
        sealed = secret if session.sealed else None
        _write(output, session.header, session.records(), session.duration_s, sealed, force=False)
        return [*_damage_report(session), f"{format_time(session.duration_s)} of the session are in {output}"]


def _damage_report(session: SessionReader) -> list[str]:
    if session.complete and not session.damage:
        return ["this session was whole"]
    lines = [] if session.complete else ["it has no end: what was recorded in its last two seconds may be lost"]
    return [*lines, f"{plural(session.damage, 'place')} could not be read"] if session.damage else lines


# -- common


def _encoded(picture: frames.Picture, caption: str) -> bytes:
    """Return the frame of a picture with this caption, coded independently and without a codebook."""
    return frames.encode(dataclasses.replace(picture, codec=0, caption=to_utf8(caption)[0], earlier=None))


def _note_damage(sessions: Iterable[SessionReader], note: Note) -> None:
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
