"""The chunks of an MCAP file: their messages, uncompressed, and the metadata before them.

The package `mcap` reads complete files, message by message, and stops at the first damage. This reads one chunk of ten
hours in a millisecond, wherever it is, and no more of a file than a recording can hold (`node.recording.read_budget`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from node.recording import mcap_records as mcap
from node.recording.read_budget import MAX_CHUNK_BYTES, MAX_CHUNK_RECORDS, ReadBudget
from protocol.errors import LogError

# Records that are read before the first chunk: schemas, channels, attachments and metadata of other tools.
MAX_PREAMBLE_RECORDS = 10_000

# A decoder's memory, which a frame of zstd asks for: no chunk needs more than is in it.
MAX_WINDOW_BYTES = MAX_CHUNK_BYTES

DAMAGED = "a damaged chunk"

# zstd's answer for a frame that does not state its size.
_UNKNOWN_SIZE = -1


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as it is in the file; `channel` is the file's own id of its channel."""

    channel: int
    log_time: int
    data: bytes


def read_chunk(
    file: BinaryIO, offset: int, length: int, channel_map: mcap.ChannelMap, budget: ReadBudget
) -> list[RawMessage]:
    """Return the messages of the chunk record at `offset`, and add its channels to `channel_map`.

    Raises LogError if it is damaged, BudgetError if it holds too much.
    """
    data = mcap.read_at(file, offset, length)
    try:
        if mcap.RECORD.unpack_from(data) != (mcap.CHUNK, length - mcap.RECORD.size) or len(data) != length:
            raise LogError("no chunk where one belongs")
        return _messages(unpack(data[mcap.RECORD.size :], budget), channel_map, budget)
    except (struct.error, ValueError):
        raise LogError(DAMAGED) from None


def read_loose(
    file: BinaryIO, offset: int, length: int, channel_map: mcap.ChannelMap, budget: ReadBudget
) -> list[RawMessage]:
    """Return the messages of a run of records outside chunks; otherwise as `read_chunk`."""
    try:
        return _messages(mcap.read_at(file, offset, length), channel_map, budget)
    except (struct.error, ValueError):
        raise LogError(DAMAGED) from None


def _messages(records: bytes, channel_map: mcap.ChannelMap, budget: ReadBudget) -> list[RawMessage]:
    messages: list[RawMessage] = []
    for count, (opcode, at, length) in enumerate(mcap.records_in(records)):
        budget.take_records()
        if count >= MAX_CHUNK_RECORDS:
            raise LogError(f"a chunk of more than {MAX_CHUNK_RECORDS:,} records")
        if opcode == mcap.MESSAGE:
            channel, _, log_time, _ = mcap.MESSAGE_HEAD.unpack_from(records, at)
            messages.append(RawMessage(channel, log_time, records[at + mcap.MESSAGE_HEAD.size : at + length]))
        elif opcode in {mcap.SCHEMA, mcap.CHANNEL}:
            channel_map.learn(opcode, records[at : at + length])
    return messages


def read_profile(file: BinaryIO) -> str | None:
    """Return the profile that the file states; None if its first record is damaged."""
    head = mcap.record_at(file, len(mcap.MAGIC), mcap.size_of(file))
    if head is None or head[0] != mcap.HEADER:
        return None
    try:
        return mcap.text_at(mcap.read_at(file, len(mcap.MAGIC) + mcap.RECORD.size, head[1]), 0)[0]
    except (struct.error, ValueError):
        return None


def read_metadata(file: BinaryIO, name: str, offsets: Iterator[int] | None = None) -> dict[str, str] | None:
    """Return the metadata record of that name, if it is at one of these offsets, by default before the first chunk."""
    size = mcap.size_of(file)
    for at in _before_chunks(file, size) if offsets is None else offsets:
        head = mcap.record_at(file, at, size)
        if head is None or head[0] != mcap.METADATA:
            continue
        try:
            found = mcap.metadata(mcap.read_at(file, at + mcap.RECORD.size, head[1]))
        except (struct.error, ValueError):
            continue
        if found[0] == name:
            return found[1]
    return None


def _before_chunks(file: BinaryIO, size: int) -> Iterator[int]:
    at = len(mcap.MAGIC)
    for _ in range(MAX_PREAMBLE_RECORDS):
        head = mcap.record_at(file, at, size)
        if head is None or head[0] in {mcap.CHUNK, mcap.MESSAGE}:
            return
        yield at
        at += mcap.RECORD.size + head[1]


def unpack(body: bytes, budget: ReadBudget) -> bytes:
    """Return a chunk's records. Raises LogError or struct.error if it is damaged, BudgetError if it is too much."""
    _, _, size, crc, name_bytes = mcap.CHUNK_HEAD.unpack_from(body)
    at = mcap.CHUNK_HEAD.size
    compression, data = body[at : at + name_bytes], body[at + name_bytes + 8 :]
    if size > MAX_CHUNK_BYTES:
        raise LogError(f"a damaged chunk, or one of {size:,} bytes, more than {MAX_CHUNK_BYTES:,}")
    budget.take_bytes(size)
    plain = decompressed(compression, data, size)
    if len(plain) != size or (crc and zlib.crc32(plain) != crc):
        raise LogError(DAMAGED)
    return plain


def decompressed(compression: bytes, data: bytes, size: int) -> bytes:
    """Decompress a chunk with zstd, with lz4, or not at all. Returns at most one byte more than `size`."""
    match compression:
        case b"zstd":
            return _from_zstd(data, size)
        case b"lz4":
            return _from_lz4(data, size)
        case b"" | b"none":
            return data
    raise LogError("a damaged chunk, or one compressed otherwise than with zstd or lz4")


def _from_zstd(data: bytes, size: int) -> bytes:
    """Decompress one frame at once, whether it states its size or not; several as a stream."""
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
