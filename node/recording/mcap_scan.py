"""Scans an MCAP file for its chunks: one that was cut off, is damaged, or has no index.

Messages outside chunks, as some tools write them, are grouped into runs. After a damage, the next good chunk is found
by its signature.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import BinaryIO

from node.recording import mcap_records as mcap
from node.recording.mcap_chunks import read_chunk
from node.recording.mcap_index import MAX_TIME, ChunkIndex, ChunkPosition
from node.recording.read_budget import MAX_CHUNK_BYTES, BudgetError, ReadBudget
from protocol.errors import LogError

# Of what has a chunk's signature and is none: a file with more of it was made to keep a reader busy.
MAX_TRIED_BYTES = 1 << 28

# A run of messages outside chunks ends after so many bytes: some seconds of a call.
LOOSE_BYTES = 1 << 16

_COMPRESSIONS = (struct.pack("<I", 4) + b"zstd", struct.pack("<I", 3) + b"lz4")
_BEFORE_COMPRESSION = mcap.RECORD.size + mcap.CHUNK_HEAD.size - 4
_SEARCHED_BYTES = 1 << 16


def scan(file: BinaryIO, size: int) -> ChunkIndex:
    """Return the index of a file of `size` bytes. Raises BudgetError if it holds more than a recording can."""
    return _Scan(file, size).run()


class _Scan:
    """A pass through a file, record by record, and from a damage to the next good chunk."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._index, self._positions = ChunkIndex(size), list[ChunkPosition]()
        self._loose: ChunkPosition | None = None
        self._budget, self._tried = ReadBudget(size), 0

    def run(self) -> ChunkIndex:
        """Go through the file and return its index."""
        at = len(mcap.MAGIC)
        while at >= 0:
            head = mcap.record_at(self._file, at, self._size)
            if head is None:
                self._end_loose()
                at = self._next_chunk(at)
                continue
            self._budget.take_records()
            if head[0] in {mcap.DATA_END, mcap.FOOTER}:
                break
            self._add(at, *head)
            at += mcap.RECORD.size + head[1]
        self._end_loose()
        self._index.fill(self._positions if _are_in_order(self._positions) else self._timed_by_messages())
        return self._index

    def _add(self, at: int, opcode: int, length: int) -> None:
        if opcode == mcap.CHUNK:
            self._end_loose()
            self._add_chunk(at, length)
        elif opcode == mcap.MESSAGE and length >= mcap.MESSAGE_HEAD.size:
            self._add_message(at, length)
        elif opcode in {mcap.SCHEMA, mcap.CHANNEL}:
            with suppress(struct.error, ValueError):
                self._index.channel_map.learn(opcode, mcap.read_at(self._file, at + mcap.RECORD.size, length))
        elif opcode == mcap.METADATA:
            self._index.metadata.append(at)

    def _add_chunk(self, at: int, length: int) -> None:
        head = mcap.read_at(self._file, at + mcap.RECORD.size, mcap.CHUNK_HEAD.size)
        start, end, unpacked, _, _ = mcap.CHUNK_HEAD.unpack(head)
        self._budget.take_bytes(unpacked if unpacked <= MAX_CHUNK_BYTES else 0)
        self._positions.append(ChunkPosition(min(start, MAX_TIME), min(end, MAX_TIME), at, mcap.RECORD.size + length))

    def _add_message(self, at: int, length: int) -> None:
        head = mcap.read_at(self._file, at + mcap.RECORD.size, mcap.MESSAGE_HEAD.size)
        log_time, end = min(mcap.MESSAGE_HEAD.unpack(head)[2], MAX_TIME), at + mcap.RECORD.size + length
        loose = self._loose
        if loose is not None and end - loose.offset <= LOOSE_BYTES:
            start, latest = min(loose.start, log_time), max(loose.end, log_time)
            self._loose = loose._replace(start=start, end=latest, length=end - loose.offset)
        else:
            self._end_loose()
            self._loose = ChunkPosition(log_time, log_time, at, end - at, is_loose=True)

    def _end_loose(self) -> None:
        if self._loose is not None:
            self._positions.append(self._loose)
            self._loose = None

    def _timed_by_messages(self) -> Iterator[ChunkPosition]:
        """Yield the chunks that open, timed by their messages: no checksum guards a chunk's own times."""
        budget = ReadBudget(self._size)
        for position in self._positions:
            try:
                messages = position.read(self._file, self._index.channel_map, budget)
            except BudgetError:
                raise
            except LogError:
                self._index.damaged += 1
                continue
            if messages:
                times = [min(message.log_time, MAX_TIME) for message in messages]
                yield position._replace(start=min(times), end=max(times))

    # -- after a damage

    def _next_chunk(self, at: int) -> int:
        """Return the offset of the next chunk that opens; -1 if there is none."""
        if at < self._size:
            self._index.damaged += 1
        for start in self._signatures(at + 1):
            head = mcap.record_at(self._file, start, self._size)
            if head is None or head[0] != mcap.CHUNK:
                continue
            self._tried += head[1]
            if self._tried > MAX_TRIED_BYTES:
                break
            if self._opens(start, mcap.RECORD.size + head[1]):
                return start
        return -1

    def _opens(self, start: int, length: int) -> bool:
        try:
            read_chunk(self._file, start, length, mcap.ChannelMap(), self._budget)
        except BudgetError:
            raise
        except LogError:
            return False
        return True

    def _signatures(self, at: int) -> Iterator[int]:
        """Yield each offset from `at` on at which a chunk would begin, by the name of its compression."""
        overlap = max(map(len, _COMPRESSIONS)) - 1
        at += _BEFORE_COMPRESSION
        while len(block := mcap.read_at(self._file, at, _SEARCHED_BYTES)) > overlap:
            found = {offset for name in _COMPRESSIONS for offset in _offsets_of(name, block)}
            for offset in sorted(found):
                yield at + offset - _BEFORE_COMPRESSION
            at += len(block) - overlap


def _offsets_of(name: bytes, block: bytes) -> Iterator[int]:
    found = block.find(name)
    while found >= 0:
        yield found
        found = block.find(name, found + 1)


def _are_in_order(positions: list[ChunkPosition]) -> bool:
    times = [position.start for position in positions if position.end]
    return all(earlier <= later for earlier, later in pairwise(times))
