"""The records of a session's chunks: unsealed, decoded, in the order of time."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from typing import BinaryIO

from node.recording import mcap_chunks
from node.recording.mcap_index import ChunkIndex, channel_mask
from node.recording.read_budget import BudgetError, ReadBudget
from protocol import log
from protocol.errors import LogError
from protocol.log.sealing import BlockCipher


class ChunkRecords:
    """A session's records, chunk by chunk. Unreadable ones are left out and counted; several threads may read.

    `started_ns` is when the session began; records later than `horizon_us` after that are left out. `last_block` is the
    number of a sealed session's last block once that was read, and `has_lone_blocks` tells whether each chunk so far
    has one block, as a recorder writes them.
    """

    def __init__(self, file: BinaryIO, index: ChunkIndex) -> None:
        self.index = index
        self.cipher: BlockCipher | None = None
        self.started_ns, self.horizon_us = 0, 0
        self.last_block: int | None = None
        self.has_lone_blocks = True
        self._file, self._lock = file, threading.Lock()
        self._damaged: dict[int, int] = {}

    @property
    def damage(self) -> int:
        """The number of chunks and messages that could not be read, so far."""
        return sum(self._damaged.values())

    def budget(self) -> ReadBudget:
        """Return the limits of one pass through the file."""
        return ReadBudget(self.index.file_bytes)

    def first_message(self) -> mcap_chunks.RawMessage | None:
        """Return the first message of a session channel in a chunk that is not damaged; None if there is none."""
        budget = self.budget()
        for number in range(len(self.index)):
            for message in self._read(number, budget) or ():
                if self.index.channel_map.ours(message.channel):
                    return message
        return None

    def since_start(self, at_ns: int) -> int:
        """Return a message's time in microseconds since the session began."""
        return max(0, at_ns - self.started_ns) // 1000

    def records(self, number: int, wanted: int, budget: ReadBudget) -> list[log.Record]:
        """Return a chunk's records on the `wanted` channels (bits), in the order of time; none if it is damaged.

        Raises BudgetError if they are more than a recording can hold.
        """
        if not self.index.channels[number] & (wanted | (self.cipher is not None) << log.SEALED):
            return []
        records: list[log.Record] = []
        unreadable = 0
        for message in self.messages(number, budget):
            try:
                found = _decoded(message, wanted)
            except LogError:
                unreadable += 1
                continue
            budget.take_records(len(found))
            records += found
        records.sort(key=time_of)
        near = count_before(records, self.horizon_us)
        self._note_damage(number, unreadable + len(records) - near)
        return records[:near]

    def messages(self, number: int, budget: ReadBudget) -> list[log.Message | None]:
        """Return a chunk's messages, None for each that cannot be read.

        Their channels are entered in the index, which does not know those of sealed chunks and of files without an end.
        """
        found = self._read(number, budget)
        if found is None:
            return [None]
        messages: list[log.Message | None] = []
        for raw in found:
            if not (channel := self.index.channel_map.ours(raw.channel)):
                continue
            if self.cipher is None:
                messages.append(log.Message(channel, self.since_start(raw.log_time), raw.data))
            else:
                messages += self._opened(self.cipher, raw.data, budget) if channel == log.SEALED else [None]
        self.has_lone_blocks = self.has_lone_blocks and len(found) <= 1
        self.index.channels[number] = channel_mask(message.channel for message in messages if message is not None)
        return messages

    def _opened(self, cipher: BlockCipher, block: bytes, budget: ReadBudget) -> Sequence[log.Message | None]:
        try:
            number, last, messages = cipher.open(block)
        except LogError:
            return [None]
        budget.take_records(len(messages))
        budget.take_bytes(sum(len(message.data) for message in messages))
        if last:
            self.last_block = number
        return messages

    def _read(self, number: int, budget: ReadBudget) -> list[mcap_chunks.RawMessage] | None:
        """Return a chunk's messages as they are in the file; None if it is damaged."""
        try:
            with self._lock:
                return self.index.read(self._file, number, budget)
        except BudgetError:
            raise
        except LogError:
            return None

    def _note_damage(self, number: int, count: int) -> None:
        """Count what could not be read of a chunk, once, however often the chunk is read."""
        if count > self._damaged.get(number, 0):
            self._damaged[number] = count


def _decoded(message: log.Message | None, wanted: int) -> list[log.Record]:
    """Decode a message, if it is on a `wanted` channel. Raises LogError if it cannot be read."""
    if message is None:
        raise LogError("a message that cannot be read")
    return log.decode(message) if wanted >> message.channel & 1 else []


def time_of(record: log.Record) -> int:
    """Return a record's time: a key for sorting."""
    return record.at_us


def count_before(records: Sequence[log.Record], at_us: int) -> int:
    """Return how many of these records, which are in the order of time, are earlier."""
    return bisect_left(records, at_us, key=time_of)
