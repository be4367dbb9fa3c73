"""Encodes the records of a session log as messages, and decodes them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgpack

from protocol import envelope, frames
from protocol.captions.codebook_id import CodebookId
from protocol.errors import FrameError, LogError, VersionError
from protocol.log import packed_speech
from protocol.log.channels import CHANNELS, FORMAT
from protocol.log.records import Frame, Header, Joined, Left, Meters, Note, Record, Snapshot, Speech

__all__ = [
    "CHANNEL_OF",
    "MAX_MESSAGE_BYTES",
    "SESSION",
    "Message",
    "decode",
    "decode_header",
    "encode",
    "encode_header",
    "newer",
]

# The largest is a snapshot, of a few hundred kilobytes at most.
MAX_MESSAGE_BYTES = packed_speech.MAX_BUNDLE_BYTES
_ID_BYTES = 64
_TEXT_BYTES = 1 << 16
_MOST = 1 << 64
_NS_PER_S = 1_000_000_000
_LEVEL_INFO = 2

_IDS = {channel.topic: number for number, channel in enumerate(CHANNELS, 1)}
SESSION, SPEECH, FRAMES, PEOPLE = _IDS["/session"], _IDS["/speech"], _IDS["/frames"], _IDS["/people"]
METERS, NOTES, SNAPSHOTS = _IDS["/meters"], _IDS["/notes"], _IDS["/snapshots"]
CHANNEL_OF: dict[type[Record], int] = {
    Speech: SPEECH,
    Frame: FRAMES,
    Joined: PEOPLE,
    Left: PEOPLE,
    Meters: METERS,
    Note: NOTES,
    Snapshot: SNAPSHOTS,
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the id of its channel (see `channels.CHANNELS`), microseconds since the start, and its bytes."""

    channel: int
    at_us: int
    data: bytes


def encode_header(header: Header) -> Message:
    """Return the message that a log begins with."""
    books = [{"id": book.id, "hash": book.hash.hex()} for book in header.codebooks]
    return _json(SESSION, 0, {"format": FORMAT, **asdict(header), "codebooks": books})


def decode_header(data: bytes) -> Header:
    """Read a log's first message; LogError if it is none, or of a newer format."""
    try:
        found = _object(data)
        if _integer(found.get("format", FORMAT)) > FORMAT:
            raise LogError(newer(found["format"]))
        known = {name: found[name] for name in Header.__dataclass_fields__ if name in found}
        books = tuple(_codebook(book) for book in known.pop("codebooks", ()))
        return Header(
            envelope.bounded_int("started_ns", known.pop("started_ns", 0), 63),
            _number(known.pop("monotonic_s", 0.0)),
            protocol=envelope.bounded_int("protocol", known.pop("protocol", 0), 32),
            codebooks=books,
            models=_texts(known.pop("models", {})),
            versions=_texts(known.pop("versions", {})),
            **{name: envelope.bounded_text(name, value, _TEXT_BYTES) for name, value in known.items()},
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise LogError(f"a session header that cannot be read: {error}") from None


def newer(version: object) -> str:
    """Return the line for a person about a log of a newer format."""
    return f"recorded by a newer Pictophone (format {version}; this one reads up to {FORMAT}): update it"


def encode(records: Iterable[Record], started_ns: int = 0) -> list[Message]:
    """Return the messages of these records, all packets of speech in one. Records are in the order of time.

    `started_ns` is the header's: some schemas, known to other MCAP tools, hold the wall clock.
    """
    messages, packets = [], []
    for record in records:
        if isinstance(record, Speech):
            packets.append(record)
        else:
            messages.append(_message(record, started_ns))
    if packets:
        at_us = packets[0].at_us
        messages.append(Message(SPEECH, at_us, packed_speech.pack(at_us, packets)))
    return sorted(messages, key=lambda message: message.at_us)


def decode(message: Message) -> list[Record]:
    """Return a message's records, in the order of time; none for a channel that this version does not know.

    Raises LogError if the bytes are not what the channel holds.
    """
    read = _READERS.get(message.channel)
    if read is None:
        return []
    try:
        if len(message.data) > MAX_MESSAGE_BYTES:
            raise ValueError(f"{len(message.data)} bytes, more than {MAX_MESSAGE_BYTES}")
        return list(read(message.at_us, message.data))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise LogError(f"a message on {CHANNELS[message.channel - 1].topic} that cannot be read: {error}") from None


# -- to JSON


def _message(record: Record, started_ns: int) -> Message:
    match record:
        case Frame():
            return _json(FRAMES, record.at_us, _frame_fields(record))
        case Joined(at_us, peer, name, carries):
            return _json(PEOPLE, at_us, {"peer": peer, "here": True, "name": name, "carries": carries})
        case Left(at_us, peer):
            return _json(PEOPLE, at_us, {"peer": peer, "here": False})
        case Meters(at_us, values):
            return _json(METERS, at_us, {"values": dict(values)})
        case Note(at_us, text):
            fields = {"timestamp": _timestamp(at_us, started_ns), "level": _LEVEL_INFO, "message": text}
            return _json(NOTES, at_us, {**fields, "name": "pictophone"})
        case Snapshot(at_us, sequence, form, data):
            image = {"timestamp": _timestamp(at_us, started_ns), "frame_id": str(sequence), "format": form}
            return _json(SNAPSHOTS, at_us, {**image, "data": _base64(data)})
    raise TypeError(f"no record: {type(record).__name__}")


def _frame_fields(record: Frame) -> dict[str, Any]:
    fields: dict[str, Any] = {"sender": record.sender}
    described = _described(record.frame)
    if record.caption is not None:
        fields["text" if described["kind"] == "text" else "caption"] = record.caption
    return {**fields, **described, "frame": _base64(record.frame)}


def _described(data: bytes) -> dict[str, Any]:
    """Return what is in a frame, for people and programs that read no msgpack."""
    try:
        frame = frames.decode(data)
    except (FrameError, VersionError):
        return {"kind": "unknown"}
    match frame:
        case frames.Picture(sequence=sequence, seed=seed, look=look):
            fields = {"kind": "picture", "sequence": sequence, "seed": seed}
            return {**fields, "look": _base64(look)} if look else fields
        case frames.Hold(sequence):
            return {"kind": "hold", "sequence": sequence}
        case frames.Line(number):
            return {"kind": "text", "number": number}
        case frames.Relayed(author=author, number=number, name=name):
            return {"kind": "text", "number": number, "author": author, "name": name}
        case frames.Have():
            return {"kind": "have"}


def _json(channel: int, at_us: int, fields: Mapping[str, Any]) -> Message:
    # A note may name a file whose name is no UTF-8, in lone surrogates: they become "?", and the recording goes on.
    written = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return Message(channel, at_us, written.encode(errors="replace"))


def _timestamp(at_us: int, started_ns: int) -> dict[str, int]:
    seconds, nanoseconds = divmod(started_ns + at_us * 1000, _NS_PER_S)
    return {"sec": seconds, "nsec": nanoseconds}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# -- from JSON


def _read_frame(at_us: int, data: bytes) -> list[Frame]:
    found = _object(data)
    caption = found.get("caption", found.get("text"))
    if caption is not None:
        caption = envelope.bounded_text("caption", caption, _TEXT_BYTES)
    frame = envelope.bounded_bytes("frame", _bytes(found["frame"]), frames.MAX_FRAME_BYTES)
    return [Frame(at_us, _id(found["sender"]), frame, caption)]


def _read_people(at_us: int, data: bytes) -> list[Joined | Left]:
    found = _object(data)
    if found["here"] is not True:
        return [Left(at_us, _id(found["peer"]))]
    name = envelope.bounded_text("name", found.get("name", ""), _TEXT_BYTES)
    return [Joined(at_us, _id(found["peer"]), name, envelope.bounded_int("carries", found.get("carries", 0), 32))]


def _read_meters(at_us: int, data: bytes) -> list[Meters]:
    values = _object(data)["values"]
    if not isinstance(values, dict):
        raise ValueError("no object of numbers")
    return [Meters(at_us, {_text(name): _number(value) for name, value in values.items()})]


def _read_note(at_us: int, data: bytes) -> list[Note]:
    return [Note(at_us, envelope.bounded_text("message", _object(data)["message"], _TEXT_BYTES))]


def _read_snapshot(at_us: int, data: bytes) -> list[Snapshot]:
    found = _object(data)
    sequence = envelope.bounded_int("frame_id", int(_id(found["frame_id"])), 32)
    return [Snapshot(at_us, sequence, _id(found["format"]), _bytes(found["data"]))]


_READERS: dict[int, Callable[[int, bytes], Iterable[Record]]] = {
    SPEECH: packed_speech.unpack,
    FRAMES: _read_frame,
    PEOPLE: _read_people,
    METERS: _read_meters,
    NOTES: _read_note,
    SNAPSHOTS: _read_snapshot,
}


def _object(data: bytes) -> dict[str, Any]:
    text = data.decode()
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    if "\\u" in text:
        # Escapes may spell lone surrogates, which are no characters: what holds one cannot be written as UTF-8.
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _id(value: object) -> str:
    return envelope.bounded_text("id", value, _ID_BYTES)


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("no base64")
    return base64.b64decode(value, validate=True)


def _integer(value: object) -> int:
    return envelope.bounded_int("format", value, 32)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("no object of texts")
    return {_text(key): _text(text) for key, text in value.items()}


def _text(value: object) -> str:
    return envelope.bounded_text("text", value, _TEXT_BYTES)


def _number(value: Any) -> int | float:
    """Return a number of JSON: a measurement, or a counter of 64 bits."""
    if (type(value) is int and abs(value) < _MOST) or (type(value) is float and math.isfinite(value)):
        return value
    raise ValueError("no number, or none that is finite")


def _codebook(value: Any) -> CodebookId:
    return CodebookId(envelope.bounded_int("codebook", value["id"], 32), bytes.fromhex(value["hash"])[:_ID_BYTES])
