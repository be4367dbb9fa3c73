"""A session as JSON lines: one object a record, its texts readable, its bytes in base64."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from node.common.printable import escaped
from node.recording.participants import Participants
from node.recording.reader import Recorded
from node.recording.typed_lines import line_of
from node.replay.pictures import PictureReader
from protocol import frames
from protocol.captions.registry import CaptionCodecs
from protocol.errors import FrameError, PacketError, VersionError
from protocol.log import Frame, Joined, Left, Meters, Note, Record, Snapshot, Speech
from protocol.speech import opus_packet

_US = 1_000_000


class JsonLines:
    """The lines of a session from `start` to `end`, the header first. `at` is in seconds since it began."""

    def __init__(self, session: Recorded, codecs: CaptionCodecs, start: float = 0.0, end: float | None = None) -> None:
        self._session, self._start, self._end = session, start, end
        self._people = Participants(session)
        self._reader = PictureReader(codecs, session.header.codebooks, lambda text: None)

    def __iter__(self) -> Iterator[str]:
        header = self._session.header
        books = [{"id": book.id, "hash": book.hash.hex()} for book in header.codebooks]
        yield _line({"kind": "session", **asdict(header), "codebooks": books, "seconds": self._session.duration_s})
        for record in self._session.records(self._start, self._end):
            self._people.learn(record)
            yield _line({"at": round(record.at_us / _US, 6), **self._fields(record)})

    def _fields(self, record: Record) -> dict[str, Any]:
        match record:
            case Speech(sender=sender):
                return {"kind": "speech", **self._from(sender), **_speech(record)}
            case Frame(sender=sender):
                return {**self._from(sender), **self._frame(record)}
            case Joined(peer=peer, carries=carries):
                return {"kind": "joined", **self._from(peer), "carries": carries}
            case Left(peer=peer):
                return {"kind": "left", **self._from(peer)}
            case _:
                return _of_the_recorder(record)

    def _from(self, sender: str) -> dict[str, Any]:
        return {"sender": sender, "name": self._people.name(sender)}

    def _frame(self, record: Frame) -> dict[str, Any]:
        fields: dict[str, Any] = {"kind": "frame"}
        try:
            frame = frames.decode(record.frame)
        except (FrameError, VersionError):
            return {**fields, "frame": _base64(record.frame)}
        match frame:
            case frames.Picture(sequence=sequence, seed=seed):
                picture = self._reader.read(record)
                fields = {"kind": "picture", "sequence": sequence, "seed": seed}
                fields |= {} if picture is None else {"caption": picture.prompt.text}
            case frames.Hold(sequence=sequence):
                fields = {"kind": "hold", "sequence": sequence}
            case frames.Line() | frames.Relayed():
                fields = {"kind": "text", **_typed(record)}
            case frames.Have():
                fields = {"kind": "have"}
        return {**fields, "frame": _base64(record.frame)}


def _typed(record: Frame) -> dict[str, Any]:
    """Return what there is to say of a line; of one that was relayed, who typed it; of one that was spoken, when."""
    if (line := line_of(record)) is None:
        return {}
    relayed = {} if line.name is None else {"author": line.author, "author_name": line.name}
    spoken = {"spoken_s": line.spoken_s, "began": round(line.at_s, 3)} if line.spoken_s else {}
    return {"number": line.number, "text": line.text, **relayed, **spoken}


def _of_the_recorder(record: Meters | Note | Snapshot) -> dict[str, Any]:
    match record:
        case Meters(values=values):
            return {"kind": "meters", "values": dict(values)}
        case Note(text=text):
            return {"kind": "note", "text": text}
        case Snapshot(sequence=sequence, format=form, data=data):
            return {"kind": "snapshot", "sequence": sequence, "format": form, "data": _base64(data)}


def _speech(record: Speech) -> dict[str, Any]:
    fields: dict[str, Any] = {"sequence": record.sequence, "timestamp": record.timestamp}
    try:
        fields["ms"] = opus_packet.duration_ms(record.payload)
    except PacketError:
        fields["ms"] = None
    fields["packet"] = _base64(record.payload)
    if record.copies:
        fields["copies"] = [{"offset": copy.offset, "packet": _base64(copy.payload)} for copy in record.copies]
    return fields


def _line(fields: dict[str, Any]) -> str:
    return escaped(json.dumps(fields, ensure_ascii=False, separators=(",", ":"))) + "\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
