"""MCAP files as other tools write them, and as nobody should: made record by record."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import zstandard

from node.recording.mcap_records import (
    CHANNEL,
    CHUNK,
    CHUNK_INDEX,
    DATA_END,
    FOOTER,
    HEADER,
    MAGIC,
    MESSAGE,
    METADATA,
    SCHEMA,
)
from protocol import log

STARTED_NS = 1_790_000_000_000_000_000


def record(opcode: int, body: bytes) -> bytes:
    return struct.pack("<BQ", opcode, len(body)) + body


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<I", len(data)) + data


def header(profile: str = "", library: str = "other tool") -> bytes:
    return record(HEADER, text(profile) + text(library))


def schema(number: int, name: str, encoding: str = "", data: bytes = b"") -> bytes:
    return record(SCHEMA, struct.pack("<H", number) + text(name) + text(encoding) + text(data))


def channel(number: int, topic: str, encoding: str, schema_id: int = 0) -> bytes:
    return record(CHANNEL, struct.pack("<HH", number, schema_id) + text(topic) + text(encoding) + text(b""))


def message(channel_id: int, at_ns: int, data: bytes = b"") -> bytes:
    return record(MESSAGE, struct.pack("<HIQQ", channel_id, 0, at_ns, at_ns) + data)


def metadata(name: str, content: dict[str, str]) -> bytes:
    pairs = b"".join(text(key) + text(value) for key, value in content.items())
    return record(METADATA, text(name) + text(pairs))


def chunk(
    records: bytes,
    start: int = 0,
    end: int = 0,
    compression: str = "zstd",
    size: int | None = None,
    crc: int | None = None,
) -> bytes:
    """A chunk of these records, honest unless told otherwise."""
    packed = {"zstd": zstandard.ZstdCompressor().compress, "lz4": _lz4}.get(compression, bytes)(records)
    return packed_chunk(
        packed,
        len(records) if size is None else size,
        start,
        end,
        compression,
        zlib.crc32(records) if crc is None else crc,
    )


def packed_chunk(packed: bytes, size: int, start: int, end: int, compression: str = "zstd", crc: int = 0) -> bytes:
    head = struct.pack("<QQQI", start, end, size, crc)
    return record(CHUNK, head + text(compression) + struct.pack("<Q", len(packed)) + packed)


def _lz4(data: bytes) -> bytes:
    import lz4.frame

    return bytes(lz4.frame.compress(data))


@dataclass
class Entry:
    """What a summary says of a chunk."""

    offset: int
    length: int
    start: int = STARTED_NS
    end: int = STARTED_NS
    unpacked: int = 100
    channels: Sequence[int] = ()

    def bytes(self) -> bytes:
        offsets = b"".join(struct.pack("<HQ", one, 0) for one in self.channels)
        place = struct.pack("<QQQQ", self.start, self.end, self.offset, self.length)
        return record(
            CHUNK_INDEX,
            place + text(offsets) + struct.pack("<Q", 0) + text("zstd") + struct.pack("<QQ", 9, self.unpacked),
        )


def our_channels(numbers: Iterable[int] = range(1, len(log.CHANNELS) + 1), first: int = 1) -> bytes:
    """Schemas and channels of a session, under ids from `first` on."""
    records = b""
    for number in numbers:
        ours, given = log.CHANNELS[number - 1], number - 1 + first
        records += schema(given, ours.schema_name, ours.schema_encoding, ours.schema)
        records += channel(given, ours.topic, ours.encoding, given)
    return records


def messages(
    records: Iterable[log.Record], started_ns: int = STARTED_NS, first: int = 1, header: log.Header | None = None
) -> bytes:
    """The messages of these records, after the session's own."""
    found = [log.encode_header(header or log.Header(started_ns, 0.0, "a7k", "Ann"))]
    found += log.encode(records, started_ns)
    return b"".join(message(one.channel - 1 + first, started_ns + one.at_us * 1000, one.data) for one in found)


def whole(
    *parts: bytes, summary: Sequence[Entry] | bytes = b"", crc: bool = False, profile: str = "pictophone"
) -> bytes:
    """A file of these parts with its end, and a summary if there is one."""
    data = MAGIC + header(profile) + b"".join(parts) + record(DATA_END, struct.pack("<I", 0))
    told = summary if isinstance(summary, bytes) else b"".join(entry.bytes() for entry in summary)
    foot = record(FOOTER, struct.pack("<QQI", len(data) if told else 0, 0, 0))[:-4]
    return data + told + foot + struct.pack("<I", zlib.crc32(told + foot) if crc else 0) + MAGIC


def opened(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)
