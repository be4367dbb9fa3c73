"""The chunks of an MCAP file: what is in each, and what the file says of itself.

The package `mcap` reads whole files, message by message, and at the first damage it stops. This reads one chunk of ten
hours in a millisecond, wherever it is, and no more of a file than a recording can hold (`node.recording.read_budget`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from node.recording.mcap_records import (
    CHANNEL,
    CHUNK,
    CHUNK_HEAD,
    HEADER,
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD,
    METADATA,
    RECORD,
    SCHEMA,
    ChannelMap,
    metadata,
    read_at,
    record_at,
    records_in,
    size_of,
    text_at,
)
from node.recording.read_budget import MAX_CHUNK_BYTES, MAX_CHUNK_RECORDS, ReadBudget
from protocol.errors import LogError

# Records that are looked at before the first chunk: schemas, channels, attachments and metadata of other tools.
MAX_PREAMBLE_RECORDS = 10_000


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as it is in the file; `channel` is the file's own number of it."""

    channel: int
    log_time: int
    data: bytes


def read_chunk(file: BinaryIO, offset: int, length: int, topics: ChannelMap, budget: ReadBudget) -> list[RawMessage]:
    """The messages of the chunk record there; `topics` learns its channels.

    LogError if it is damaged, BudgetError if it holds too much.
    """
    data = read_at(file, offset, length)
    try:
        if RECORD.unpack_from(data) != (CHUNK, length - RECORD.size) or len(data) != length:
            raise LogError("no chunk where one belongs")
        return _messages(unpack(data[RECORD.size :], budget), topics, budget)
    except (struct.error, ValueError):
        raise LogError(DAMAGED) from None


def read_loose(file: BinaryIO, offset: int, length: int, topics: ChannelMap, budget: ReadBudget) -> list[RawMessage]:
    """The messages of a stretch of the file without chunks; the rest is as with `read_chunk`."""
    try:
        return _messages(read_at(file, offset, length), topics, budget)
    except (struct.error, ValueError):
        raise LogError(DAMAGED) from None


def _messages(records: bytes, topics: ChannelMap, budget: ReadBudget) -> list[RawMessage]:
    messages: list[RawMessage] = []
    for count, (opcode, at, length) in enumerate(records_in(records)):
        budget.take_records()
        if count >= MAX_CHUNK_RECORDS:
            raise LogError(f"a chunk of more than {MAX_CHUNK_RECORDS:,} records")
        if opcode == MESSAGE:
            channel, _, log_time, _ = MESSAGE_HEAD.unpack_from(records, at)
            messages.append(RawMessage(channel, log_time, records[at + MESSAGE_HEAD.size : at + length]))
        elif opcode in {SCHEMA, CHANNEL}:
            topics.learn(opcode, records[at : at + length])
    return messages


def read_profile(file: BinaryIO) -> str | None:
    """What kind of MCAP file it says it is; None if its first record is damaged."""
    head = record_at(file, len(MAGIC), size_of(file))
    if head is None or head[0] != HEADER:
        return None
    try:
        return text_at(read_at(file, len(MAGIC) + RECORD.size, head[1]), 0)[0]
    except (struct.error, ValueError):
        return None


def read_metadata(file: BinaryIO, name: str, places: Iterator[int] | None = None) -> dict[str, str] | None:
    """The metadata record of that name, if it is at one of these places, or where a writer puts it: before the first
    chunk."""
    size = size_of(file)
    for at in _before_chunks(file, size) if places is None else places:
        head = record_at(file, at, size)
        if head is None or head[0] != METADATA:
            continue
        try:
            found = metadata(read_at(file, at + RECORD.size, head[1]))
        except (struct.error, ValueError):
            continue
        if found[0] == name:
            return found[1]
    return None


def _before_chunks(file: BinaryIO, size: int) -> Iterator[int]:
    at = len(MAGIC)
    for _ in range(MAX_PREAMBLE_RECORDS):
        head = record_at(file, at, size)
        if head is None or head[0] in {CHUNK, MESSAGE}:
            return
        yield at
        at += RECORD.size + head[1]


# A decoder's memory, which a frame of zstd asks for: no chunk needs more than is in it.
MAX_WINDOW_BYTES = MAX_CHUNK_BYTES

DAMAGED = "a damaged chunk"
_UNKNOWN_SIZE = -1


def unpack(body: bytes, budget: ReadBudget) -> bytes:
    """Return a chunk's records. LogError if it is damaged, BudgetError if it is too much, struct.error if short."""
    _, _, size, crc, name_bytes = CHUNK_HEAD.unpack_from(body)
    at = CHUNK_HEAD.size
    compression, data = body[at : at + name_bytes], body[at + name_bytes + 8 :]
    if size > MAX_CHUNK_BYTES:
        raise LogError(f"a damaged chunk, or one of {size:,} bytes, more than {MAX_CHUNK_BYTES:,}")
    budget.take_bytes(size)
    plain = decompressed(compression, data, size)
    if len(plain) != size or (crc and zlib.crc32(plain) != crc):
        raise LogError(DAMAGED)
    return plain


def decompressed(compression: bytes, data: bytes, size: int) -> bytes:
    """Return at most one byte more than `size`."""
    match compression:
        case b"zstd":
            return _from_zstd(data, size)
        case b"lz4":
            return _from_lz4(data, size)
        case b"" | b"none":
            return data
    raise LogError("a damaged chunk, or one compressed otherwise than with zstd or lz4")


def _from_zstd(data: bytes, size: int) -> bytes:
    """One frame is unpacked at once, whether it says its size or not; several are unpacked as a stream."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) in {size, _UNKNOWN_SIZE}:
            plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
            if len(plain) == size:
                return plain
        unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        with unpacker.stream_reader(data, read_across_frames=True) as stream:
            return stream.read(size + 1)
    except (zstandard.ZstdError, MemoryError):
        raise LogError(DAMAGED) from None


def _from_lz4(data: bytes, size: int) -> bytes:
    import lz4.frame

    unpacker = lz4.frame.LZ4FrameDecompressor()
    try:
        plain: bytes = unpacker.decompress(data, max_length=size + 1)
    except (RuntimeError, MemoryError, EOFError):
        raise LogError(DAMAGED) from None
    return plain
