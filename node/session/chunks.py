"""The chunks of an MCAP file: where they are, and what is in them, whole file or not.

The package `mcap` reads whole files, message by message, and at the first damage it stops. This reads the index of
ten hours in milliseconds, reads files without an end, and finds the next good chunk after a damaged one. The layout is
that of the MCAP specification (https://mcap.dev/spec).
"""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import BinaryIO

from protocol.errors import LogError

MAGIC = b"\x89MCAP0\r\n"
MAX_CHUNK_BYTES = 1 << 26
"""A writer's chunk holds two seconds; more than this is no chunk of ours, or a length that was damaged."""
MAX_TRIED_BYTES = 1 << 28
"""Of what might be chunks and is none: a file that holds more of them was made to keep a reader busy."""
MAX_SUMMARY_BYTES = 1 << 28
"""A week has a summary of 30 MB."""

_HEADER, _FOOTER, _CHUNK, _MESSAGE, _MESSAGE_INDEX, _CHUNK_INDEX, _METADATA, _DATA_END = 1, 2, 6, 5, 7, 8, 12, 15
_LAST_OPCODE = 15
_RECORD = struct.Struct("<BQ")
_FOOT = struct.Struct("<BQQQI")
_CHUNK_HEAD = struct.Struct("<QQQII")
_INDEX_HEAD = struct.Struct("<QQQQI")
_INDEX_ENTRY_BYTES = 10
_HIGHEST_BIT = 15
_MESSAGE_HEAD = struct.Struct("<HIQQ")
_ZSTD = struct.pack("<I", 4) + b"zstd"
_BEFORE_COMPRESSION = _RECORD.size + _CHUNK_HEAD.size - 4
_SEARCHED_BYTES = 1 << 16
_MAX_TIME = (1 << 63) - 1
EVERY_CHANNEL = (1 << 16) - 1


@dataclass(slots=True)
class Index:
    """The chunks of a file, by time: start of each (ns), its place, and which channels have messages in it (bits).

    `complete` tells whether the file has its end; `damaged` counts the places at which something could not be read.
    """

    starts: array[int] = field(default_factory=lambda: array("q"))
    offsets: array[int] = field(default_factory=lambda: array("q"))
    channels: array[int] = field(default_factory=lambda: array("l"))
    complete: bool = False
    damaged: int = 0

    def add(self, start: int, offset: int, channels: int) -> None:
        self.starts.append(start)
        self.offsets.append(offset)
        self.channels.append(channels)


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as it is in the file."""

    channel: int
    log_time: int
    data: bytes


def read_index(file: BinaryIO) -> Index:
    """Find the chunks, by the file's summary if it is whole, else by going through it. LogError if it is no MCAP."""
    if _read(file, 0, len(MAGIC)) != MAGIC:
        raise LogError("not a session: no MCAP file")
    return _from_summary(file) or _from_scan(file)


def read_profile(file: BinaryIO) -> str | None:
    """What kind of MCAP file it says it is; None if its first record is damaged."""
    head = _record_at(file, len(MAGIC))
    if head is None or head[0] != _HEADER:
        return None
    body = _read(file, len(MAGIC) + _RECORD.size, head[1])
    try:
        return body[4 : 4 + struct.unpack_from("<I", body)[0]].decode()
    except (struct.error, UnicodeDecodeError):
        return None


def read_metadata(file: BinaryIO, name: str) -> dict[str, str] | None:
    """The metadata record of that name, if it is where a writer puts it: before the first chunk."""
    at = len(MAGIC)
    while (head := _record_at(file, at)) is not None and head[0] != _CHUNK:
        body = _read(file, at + _RECORD.size, head[1]) if head[0] == _METADATA else b""
        try:
            if body and (found := _metadata(body))[0] == name:
                return found[1]
        except (struct.error, UnicodeDecodeError):
            return None
        at += _RECORD.size + head[1]
    return None


def read_chunk(file: BinaryIO, offset: int) -> list[RawMessage]:
    """The messages of the chunk at this place. LogError if it is damaged."""
    head = _record_at(file, offset)
    if head is None or head[0] != _CHUNK:
        raise LogError("no chunk where one belongs")
    body = _read(file, offset + _RECORD.size, head[1])
    try:
        return list(_messages(_contents(body)))
    except struct.error:
        raise LogError("a damaged chunk") from None


def mask(channels: Iterable[int]) -> int:
    """A bit for each of these channels; all from the fifteenth on share one."""
    return sum(1 << channel for channel in {min(channel, _HIGHEST_BIT) for channel in channels})


# -- by the summary


def _from_summary(file: BinaryIO) -> Index | None:
    size = file.seek(0, os.SEEK_END)
    foot_at = size - _FOOT.size - len(MAGIC)
    tail = _read(file, foot_at, size - foot_at) if foot_at > 0 else b""
    if len(tail) != _FOOT.size + len(MAGIC) or not tail.endswith(MAGIC):
        return None
    opcode, length, start, _, crc = _FOOT.unpack_from(tail)
    if opcode != _FOOTER or length != _FOOT.size - _RECORD.size or not 0 < start <= foot_at:
        return None
    if foot_at - start > MAX_SUMMARY_BYTES:
        return None
    summary = _read(file, start, foot_at - start)
    if zlib.crc32(tail[: _FOOT.size - 4], zlib.crc32(summary)) != crc:
        return None
    return _chunk_indexes(summary)


@lru_cache(maxsize=256)
def _mask_of(ids: bytes) -> int:
    """The mask of channels by the low bytes of their ids: there are few, and reading a long index must be quick."""
    return mask(ids)


def _chunk_indexes(summary: bytes) -> Index | None:
    index, at = Index(complete=True), 0
    try:
        while at < len(summary):
            opcode, length = _RECORD.unpack_from(summary, at)
            at += _RECORD.size
            if opcode == _CHUNK_INDEX:
                start, _, offset, _, map_bytes = _INDEX_HEAD.unpack_from(summary, at)
                ids = summary[at + _INDEX_HEAD.size : at + _INDEX_HEAD.size + map_bytes : _INDEX_ENTRY_BYTES]
                index.add(start, offset, _mask_of(ids))
            at += length
    except (struct.error, OverflowError):
        return None
    return index


# -- by going through the file


def _from_scan(file: BinaryIO) -> Index:
    index, at = Index(), len(MAGIC)
    while (head := _record_at(file, at)) is not None or (at := _next_chunk(file, at, index)) >= 0:
        if head is None:
            continue
        if head[0] == _CHUNK:
            start, _, _, _, _ = _CHUNK_HEAD.unpack(_read(file, at + _RECORD.size, _CHUNK_HEAD.size))
            index.add(start & _MAX_TIME, at, EVERY_CHANNEL)
        elif head[0] in {_DATA_END, _FOOTER}:
            break
        at += _RECORD.size + head[1]
    return index if _in_order(index.starts) else _by_messages(file, index)


def _in_order(starts: array[int]) -> bool:
    return all(earlier <= later for earlier, later in pairwise(starts))


def _by_messages(file: BinaryIO, index: Index) -> Index:
    """The same chunks by what is in them, those that open: nothing guards a chunk's own times against damage."""
    found = Index(damaged=index.damaged)
    for offset in index.offsets:
        try:
            messages = read_chunk(file, offset)
        except LogError:
            found.damaged += 1
            continue
        if messages:
            found.add(min(message.log_time for message in messages) & _MAX_TIME, offset, EVERY_CHANNEL)
    return found


def _record_at(file: BinaryIO, at: int) -> tuple[int, int] | None:
    """Opcode and length of the record there; None at the end, or if none could be there or it is not all there."""
    head = _read(file, at, _RECORD.size)
    if len(head) < _RECORD.size:
        return None
    opcode, length = _RECORD.unpack(head)
    size = file.seek(0, os.SEEK_END)
    if not 0 < opcode <= _LAST_OPCODE or length > MAX_CHUNK_BYTES or at + _RECORD.size + length > size:
        return None
    if opcode == _CHUNK and length < _CHUNK_HEAD.size + len(_ZSTD) + 4:
        return None
    return opcode, length


def _next_chunk(file: BinaryIO, at: int, index: Index) -> int:
    """Where, after this place, a chunk begins that opens; -1 if there is none."""
    file.seek(0, os.SEEK_END)
    if at < file.tell():
        index.damaged += 1
    tried = 0
    for place in _signatures(file, at + 1 + _BEFORE_COMPRESSION):
        start = place - _BEFORE_COMPRESSION
        head = _record_at(file, start)
        if head is None or head[0] != _CHUNK:
            continue
        tried += head[1]
        if tried > MAX_TRIED_BYTES:
            break
        with suppress(LogError):
            read_chunk(file, start)
            return start
    return -1


def _signatures(file: BinaryIO, at: int) -> Iterator[int]:
    """Every place from there on at which a chunk names its compression."""
    overlap = len(_ZSTD) - 1
    while len(block := _read(file, at, _SEARCHED_BYTES)) > overlap:
        found = block.find(_ZSTD)
        while found >= 0:
            yield at + found
            found = block.find(_ZSTD, found + 1)
        at += len(block) - overlap


# -- what is in a chunk


def _contents(body: bytes) -> bytes:
    _, _, size, crc, name_bytes = _CHUNK_HEAD.unpack_from(body)
    at = _CHUNK_HEAD.size
    compression, data = body[at : at + name_bytes], body[at + name_bytes + 8 :]
    if size > MAX_CHUNK_BYTES:
        raise LogError("a damaged chunk")
    plain = data if not compression else _decompress(compression, data, size)
    if crc and zlib.crc32(plain) != crc:
        raise LogError("a damaged chunk")
    return plain


def _decompress(compression: bytes, data: bytes, size: int) -> bytes:
    import zstandard

    if compression != b"zstd":
        raise LogError("a chunk compressed otherwise than with zstd, or damaged")
    try:
        if zstandard.frame_content_size(data) != size:
            raise LogError("a damaged chunk")
        return zstandard.decompress(data)
    except zstandard.ZstdError:
        raise LogError("a damaged chunk") from None


def _messages(records: bytes) -> Iterator[RawMessage]:
    at = 0
    while at < len(records):
        opcode, length = _RECORD.unpack_from(records, at)
        at += _RECORD.size
        if opcode == _MESSAGE:
            channel, _, log_time, _ = _MESSAGE_HEAD.unpack_from(records, at)
            yield RawMessage(channel, log_time, records[at + _MESSAGE_HEAD.size : at + length])
        at += length


def _metadata(body: bytes) -> tuple[str, dict[str, str]]:
    texts, at = [], 0
    name_bytes = struct.unpack_from("<I", body)[0]
    name, at = body[4 : 4 + name_bytes].decode(), 8 + name_bytes
    while at < len(body):
        size = struct.unpack_from("<I", body, at)[0]
        texts.append(body[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return name, dict(zip(texts[::2], texts[1::2], strict=False))


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
