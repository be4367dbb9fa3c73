"""Finds the chunks of an MCAP file: by its summary, else by going through the file.

Ten hours are opened in milliseconds by the summary. It is believed where it can be true: one whose chunks overlap in
the file, or are not there, is worth nothing. Files without one are gone through (`node.recording.mcap_scan`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from operator import attrgetter
from typing import BinaryIO

from node.recording.mcap_index import EVERY_CHANNEL, MAX_TIME, ChunkIndex, ChunkPosition, channel_mask
from node.recording.mcap_records import (
    CHANNEL,
    CHUNK_INDEX,
    FOOT,
    FOOTER,
    MAGIC,
    METADATA_INDEX,
    RECORD,
    SCHEMA,
    STATISTICS,
    ChannelMap,
    ChunkEntry,
    chunk_count,
    chunk_entry,
    read_at,
    records_in,
    size_of,
)
from node.recording.mcap_scan import scan
from node.recording.read_budget import MAX_CHUNK_BYTES, BudgetError, ReadBudget
from protocol.errors import LogError

# A week has a summary of 30 MB.
MAX_SUMMARY_BYTES = 1 << 28


def read_index(file: BinaryIO) -> ChunkIndex:
    """Find the chunks. LogError if it is no MCAP file, BudgetError if it holds more than a recording can."""
    if read_at(file, 0, len(MAGIC)) != MAGIC:
        raise LogError("not a session: no MCAP file")
    size = size_of(file)
    summary = _summary(file, size)
    index = None if not summary else _from_summary(summary, size)
    if index is None:
        index = scan(file, size)
        index.complete = summary is not None
    if not index.topics:
        _learn_topics(file, index)
    return index


# -- by the summary


def _summary(file: BinaryIO, size: int) -> bytes | None:
    """The summary of a file that has its end, empty if it has none; None if it was cut off, or this was damaged."""
    foot_at = size - FOOT.size - len(MAGIC)
    tail = read_at(file, foot_at, size - foot_at) if foot_at > 0 else b""
    if len(tail) != FOOT.size + len(MAGIC) or not tail.endswith(MAGIC):
        return None
    opcode, length, start, _, crc = FOOT.unpack_from(tail)
    if opcode != FOOTER or length != FOOT.size - RECORD.size or start > foot_at:
        return None
    if start and foot_at - start > MAX_SUMMARY_BYTES:
        return None
    summary = read_at(file, start, foot_at - start) if start else b""
    if crc and zlib.crc32(tail[: FOOT.size - 4], zlib.crc32(summary)) != crc:
        return None
    return summary


def _from_summary(summary: bytes, size: int) -> ChunkIndex | None:
    """The index that it holds; None if it holds none, or one that cannot be believed."""
    index, entries, count = ChunkIndex(size, complete=True), [], None
    try:
        for opcode, at, length in records_in(summary):
            if opcode == CHUNK_INDEX:
                entries.append(chunk_entry(summary, at, length))
            elif opcode in {SCHEMA, CHANNEL}:
                index.topics.learn(opcode, summary[at : at + length])
            elif opcode == METADATA_INDEX:
                index.metadata.append(struct.unpack_from("<Q", summary, at)[0])
            elif opcode == STATISTICS:
                count = chunk_count(summary, at)
    except (struct.error, ValueError, IndexError):
        return None
    entries.sort(key=attrgetter("offset"))
    if not entries or count not in {None, len(entries)} or not _are_apart(entries, size):
        return None
    ReadBudget(size).take_bytes(sum(entry.unpacked for entry in entries))
    told = _masks(index.topics)
    index.fill(
        ChunkPosition(min(start, MAX_TIME), min(end, MAX_TIME), offset, length, told(channels))
        for start, end, offset, length, channels, _ in entries
    )
    return index


def _are_apart(entries: list[ChunkEntry], size: int) -> bool:
    """Whether the chunks, in the order of their places, can be where they are said to be, each of them once."""
    end = len(MAGIC)
    for entry in entries:
        if entry.offset < end or entry.length > MAX_CHUNK_BYTES + RECORD.size:
            return False
        end = entry.offset + entry.length
    return end <= size


def _masks(topics: ChannelMap) -> Callable[[bytes], int]:
    """What makes the low bytes of channel ids a mask of our channels: few differ, and a long index must be quick."""
    known: dict[bytes, int] = {}

    def told(ids: bytes) -> int:
        if (found := known.get(ids)) is None:
            is_told = bool(ids) and all(channel in topics for channel in ids)
            found = known[ids] = channel_mask(map(topics.ours, ids)) if is_told else EVERY_CHANNEL
        return found

    return told


def _learn_topics(file: BinaryIO, index: ChunkIndex) -> None:
    """Learn from the chunks what their channels are. Of our own files the first one tells everything."""
    budget = ReadBudget(index.file_bytes)
    for number in range(len(index)):
        try:
            index.read(file, number, budget)
        except BudgetError:
            raise
        except LogError:
            continue
        if index.topics and not index.topics.is_renumbered:
            return
