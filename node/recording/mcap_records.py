"""The records of an MCAP file, byte by byte, as in its specification (https://mcap.dev/spec).

The bytes may be damaged or made up: struct.error, ValueError and IndexError mean that they are.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from node.recording.read_budget import MAX_CHUNK_BYTES
from protocol.errors import LogError
from protocol.log.channels import channel_id

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = 1, 2, 3, 4, 5, 6
CHUNK_INDEX, ATTACHMENT, STATISTICS, METADATA, METADATA_INDEX, DATA_END = 8, 9, 11, 12, 13, 15

# The specification's last. Records of higher opcodes are skipped where one of a known opcode follows.
LAST_OPCODE = 15

# Records in a row of unknown opcodes: more are no records, but a damage.
MOST_UNKNOWN = 16

RECORD = struct.Struct("<BQ")
FOOT = struct.Struct("<BQQQI")
CHUNK_HEAD = struct.Struct("<QQQII")
MESSAGE_HEAD = struct.Struct("<HIQQ")
_INDEX_HEAD = struct.Struct("<QQQQI")
_INDEX_ENTRY_BYTES = 10
_TEXT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")
_IDS = struct.Struct("<HH")
_CHUNK_COUNT = struct.Struct("<QHIIII")


class ChunkEntry(NamedTuple):
    """A summary's entry of a chunk: times (ns) of its first and last message, offset and length in the file, the low
    bytes of the ids of its channels (empty if not stated), and its bytes when unpacked.
    """

    start: int
    end: int
    offset: int
    length: int
    channels: bytes
    unpacked: int


@dataclass(slots=True)
class ChannelMap:
    """The session channels that a file's channel ids stand for: other tools number them as they like.

    Of an id that is described twice the first description counts: a file must not have another.
    """

    _of: dict[int, int] = field(default_factory=dict)
    _schemas: dict[int, str] = field(default_factory=dict)

    def learn(self, opcode: int, body: bytes) -> None:
        """Learn from a schema or channel record; a schema precedes its channels."""
        if opcode == SCHEMA:
            number, name = struct.unpack_from("<H", body)[0], text_at(body, 2)[0]
            self._schemas.setdefault(number, name)
        elif opcode == CHANNEL:
            number, schema = _IDS.unpack_from(body)
            topic, at = text_at(body, _IDS.size)
            self._of.setdefault(number, channel_id(topic, text_at(body, at)[0], self._schemas.get(schema)))

    def ours(self, channel: int) -> int:
        """Return the session channel of this id, 0 for another tool's; one that was never described is its own."""
        return self._of.get(channel, channel)

    @property
    def has_ours(self) -> bool:
        """Tell whether a session channel was described."""
        return any(self._of.values())

    @property
    def is_renumbered(self) -> bool:
        """Tell whether a channel's id is not that of its session channel."""
        return any(ours != channel for channel, ours in self._of.items())

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, channel: int) -> bool:
        return channel in self._of


def size_of(file: BinaryIO) -> int:
    """Return a file's size in bytes. Raises LogError if it has none, as a pipe."""
    try:
        return file.seek(0, os.SEEK_END)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None


def read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """Return `size` bytes from offset `at`, fewer at the end. Raises LogError if the disk fails."""
    try:
        file.seek(at)
        return file.read(size)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> LogError:
    return LogError(f"cannot be read: {getattr(error, 'strerror', None) or error}")


def record_at(file: BinaryIO, at: int, file_bytes: int) -> tuple[int, int] | None:
    """Return opcode and length of the record at `at`; None at the end, or where no complete record can be."""
    first = head = _head_at(file, at, file_bytes)
    for _ in range(MOST_UNKNOWN):
        if head is None or head[0] <= LAST_OPCODE:
            break
        at += RECORD.size + head[1]
        head = _head_at(file, at, file_bytes)
    return first if head is not None and head[0] <= LAST_OPCODE else None


def _head_at(file: BinaryIO, at: int, file_bytes: int) -> tuple[int, int] | None:
    head = read_at(file, at, RECORD.size)
    if len(head) < RECORD.size:
        return None
    opcode, length = RECORD.unpack(head)
    if opcode == 0 or at + RECORD.size + length > file_bytes:
        return None
    if length > MAX_CHUNK_BYTES and opcode != ATTACHMENT:
        return None
    if opcode == CHUNK and length < CHUNK_HEAD.size + 8:
        return None
    return opcode, length


def records_in(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield opcode, offset and length of each record's content. Raises struct.error where one is cut off."""
    at, end = 0, len(data)
    while at < end:
        opcode, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        if at + length > end:
            raise struct.error("a record that is cut off")
        yield opcode, at, length
        at += length


def text_at(data: bytes, at: int) -> tuple[str, int]:
    """Return a text and the offset after it."""
    size = _TEXT.unpack_from(data, at)[0]
    end = at + _TEXT.size + size
    if end > len(data):
        raise ValueError("a text that is cut off")
    return data[at + _TEXT.size : end].decode(), end


def metadata(body: bytes) -> tuple[str, dict[str, str]]:
    """Return the name and the content of a metadata record."""
    name, at = text_at(body, 0)
    end = min(len(body), at + _TEXT.size + _TEXT.unpack_from(body, at)[0])
    at += _TEXT.size
    found: dict[str, str] = {}
    while at < end:
        key, at = text_at(body, at)
        found[key], at = text_at(body, at)
    return name, found


def chunk_entry(data: bytes, at: int, length: int) -> ChunkEntry:
    """Decode a chunk index record of this length, which ends with the chunk's unpacked size."""
    start, end, offset, chunk_length, map_bytes = _INDEX_HEAD.unpack_from(data, at)
    channels = data[at + _INDEX_HEAD.size : at + _INDEX_HEAD.size + map_bytes : _INDEX_ENTRY_BYTES]
    return ChunkEntry(start, end, offset, chunk_length, channels, _SIZE.unpack_from(data, at + length - _SIZE.size)[0])


def chunk_count(data: bytes, at: int) -> int:
    """Return the number of chunks in a statistics record."""
    return int(_CHUNK_COUNT.unpack_from(data, at)[-1])
