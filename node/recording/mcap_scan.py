"""Goes through an MCAP file for its chunks: one that was cut off, is damaged, or has no index.

Tools that write no chunks have their messages taken together. Behind a damage the next good chunk is found by what it
looks like.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import BinaryIO

from node.recording.mcap_chunks import read_chunk
from node.recording.mcap_index import MAX_TIME, ChunkIndex, ChunkPosition
from node.recording.mcap_records import (
    CHANNEL,
    CHUNK,
    CHUNK_HEAD,
    DATA_END,
    FOOTER,
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD,
    METADATA,
    RECORD,
    SCHEMA,
    ChannelMap,
    read_at,
    record_at,
)
from node.recording.read_budget import MAX_CHUNK_BYTES, BudgetError, ReadBudget
from protocol.errors import LogError

# Of what might be chunks and is none: a file that holds more of them was made to keep a reader busy.
MAX_TRIED_BYTES = 1 << 28

# Messages outside chunks are taken together up to so many bytes: some seconds of a call.
LOOSE_BYTES = 1 << 16

_COMPRESSIONS = (struct.pack("<I", 4) + b"zstd", struct.pack("<I", 3) + b"lz4")
_BEFORE_COMPRESSION = RECORD.size + CHUNK_HEAD.size - 4
_SEARCHED_BYTES = 1 << 16


def scan(file: BinaryIO, size: int) -> ChunkIndex:
    """Return the index of a file of so many bytes. BudgetError if it holds more than a recording can."""
    return _Scan(file, size).run()


class _Scan:
    """Goes through a file, record by record, and from a damage to the next good chunk."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._index, self._places = ChunkIndex(size), list[ChunkPosition]()
        self._loose: ChunkPosition | None = None
        self._budget, self._tried = ReadBudget(size), 0

    def run(self) -> ChunkIndex:
        """Go through all of it."""
        at = len(MAGIC)
        while at >= 0:
            head = record_at(self._file, at, self._size)
            if head is None:
                self._end_loose()
                at = self._next_chunk(at)
                continue
            self._budget.take_records()
            if head[0] in {DATA_END, FOOTER}:
                break
            self._take(at, *head)
            at += RECORD.size + head[1]
        self._end_loose()
        self._index.fill(self._places if _in_order(self._places) else self._by_messages())
        return self._index

    def _take(self, at: int, opcode: int, length: int) -> None:
        if opcode == CHUNK:
            self._end_loose()
            self._take_chunk(at, length)
        elif opcode == MESSAGE and length >= MESSAGE_HEAD.size:
            self._take_message(at, length)
        elif opcode in {SCHEMA, CHANNEL}:
            with suppress(struct.error, ValueError):
                self._index.topics.learn(opcode, read_at(self._file, at + RECORD.size, length))
        elif opcode == METADATA:
            self._index.metadata.append(at)

    def _take_chunk(self, at: int, length: int) -> None:
        start, end, unpacked, _, _ = CHUNK_HEAD.unpack(read_at(self._file, at + RECORD.size, CHUNK_HEAD.size))
        self._budget.take_bytes(unpacked if unpacked <= MAX_CHUNK_BYTES else 0)
        self._places.append(ChunkPosition(min(start, MAX_TIME), min(end, MAX_TIME), at, RECORD.size + length))

    def _take_message(self, at: int, length: int) -> None:
        log_time = MESSAGE_HEAD.unpack(read_at(self._file, at + RECORD.size, MESSAGE_HEAD.size))[2]
        log_time, end = min(log_time, MAX_TIME), at + RECORD.size + length
        loose = self._loose
        if loose is not None and end - loose.offset <= LOOSE_BYTES:
            start, latest = min(loose.start, log_time), max(loose.end, log_time)
            self._loose = loose._replace(start=start, end=latest, length=end - loose.offset)
        else:
            self._end_loose()
            self._loose = ChunkPosition(log_time, log_time, at, end - at, is_loose=True)

    def _end_loose(self) -> None:
        if self._loose is not None:
            self._places.append(self._loose)
            self._loose = None

    def _by_messages(self) -> Iterator[ChunkPosition]:
        """The same chunks by what is in them, those that open: nothing guards a chunk's own times against damage."""
        budget = ReadBudget(self._size)
        for place in self._places:
            try:
                messages = place.read(self._file, self._index.topics, budget)
            except BudgetError:
                raise
            except LogError:
                self._index.damaged += 1
                continue
            if messages:
                times = [min(message.log_time, MAX_TIME) for message in messages]
                yield place._replace(start=min(times), end=max(times))

    # -- behind a damage

    def _next_chunk(self, at: int) -> int:
        """Where, after this place, a chunk begins that opens; -1 if there is none."""
        if at < self._size:
            self._index.damaged += 1
        for start in self._signatures(at + 1):
            head = record_at(self._file, start, self._size)
            if head is None or head[0] != CHUNK:
                continue
            self._tried += head[1]
            if self._tried > MAX_TRIED_BYTES:
                break
            if self._opens(start, RECORD.size + head[1]):
                return start
        return -1

    def _opens(self, start: int, length: int) -> bool:
        try:
            read_chunk(self._file, start, length, ChannelMap(), self._budget)
        except BudgetError:
            raise
        except LogError:
            return False
        return True

    def _signatures(self, at: int) -> Iterator[int]:
        """Every place from there on at which a chunk would begin that names its compression where one is named."""
        overlap = max(map(len, _COMPRESSIONS)) - 1
        at += _BEFORE_COMPRESSION
        while len(block := read_at(self._file, at, _SEARCHED_BYTES)) > overlap:
            found = {place for name in _COMPRESSIONS for place in _places_of(name, block)}
            for place in sorted(found):
                yield at + place - _BEFORE_COMPRESSION
            at += len(block) - overlap


def _places_of(name: bytes, block: bytes) -> Iterator[int]:
    found = block.find(name)
    while found >= 0:
        yield found
        found = block.find(name, found + 1)


def _in_order(places: list[ChunkPosition]) -> bool:
    times = [place.start for place in places if place.end]
    return all(earlier <= later for earlier, later in pairwise(times))
