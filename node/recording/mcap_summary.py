"""Finds the chunks of an MCAP file by its summary, else by a scan of the file.

With the summary, ten hours are opened in milliseconds. It is trusted only where it is consistent: one whose chunks
overlap, or lie outside the file, is ignored. A file without one is scanned (`node.recording.mcap_scan`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from operator import attrgetter
from typing import BinaryIO

from node.recording import mcap_records as mcap
from node.recording.mcap_index import EVERY_CHANNEL, MAX_TIME, ChunkIndex, ChunkPosition, channel_mask
from node.recording.mcap_scan import scan
from node.recording.read_budget import MAX_CHUNK_BYTES, BudgetError, ReadBudget
from protocol.errors import LogError

# Of the summary: a week's has 30 MB.
MAX_SUMMARY_BYTES = 1 << 28


def read_index(file: BinaryIO) -> ChunkIndex:
    """Find the chunks. Raises LogError if it is no MCAP file, BudgetError if it holds more than a recording can."""
    if mcap.read_at(file, 0, len(mcap.MAGIC)) != mcap.MAGIC:
        raise LogError("not a session: no MCAP file")
    size = mcap.size_of(file)
    summary = _summary(file, size)
    index = None if not summary else _from_summary(summary, size)
    if index is None:
        index = scan(file, size)
        index.complete = summary is not None
    if not index.channel_map:
        _learn_channels(file, index)
    return index


def _summary(file: BinaryIO, size: int) -> bytes | None:
    """Return the summary, empty if the file has its end and no summary; None if the end is missing or damaged."""
    foot_at = size - mcap.FOOT.size - len(mcap.MAGIC)
    tail = mcap.read_at(file, foot_at, size - foot_at) if foot_at > 0 else b""
    if len(tail) != mcap.FOOT.size + len(mcap.MAGIC) or not tail.endswith(mcap.MAGIC):
        return None
    opcode, length, start, _, crc = mcap.FOOT.unpack_from(tail)
    if opcode != mcap.FOOTER or length != mcap.FOOT.size - mcap.RECORD.size or start > foot_at:
        return None
    if start and foot_at - start > MAX_SUMMARY_BYTES:
        return None
    summary = mcap.read_at(file, start, foot_at - start) if start else b""
    if crc and zlib.crc32(tail[: mcap.FOOT.size - 4], zlib.crc32(summary)) != crc:
        return None
    return summary


def _from_summary(summary: bytes, size: int) -> ChunkIndex | None:
    """Return the index in the summary; None if there is none, or it is not consistent."""
    index, entries, count = ChunkIndex(size, complete=True), [], None
    try:
        for opcode, at, length in mcap.records_in(summary):
            if opcode == mcap.CHUNK_INDEX:
                entries.append(mcap.chunk_entry(summary, at, length))
            elif opcode in {mcap.SCHEMA, mcap.CHANNEL}:
                index.channel_map.learn(opcode, summary[at : at + length])
            elif opcode == mcap.METADATA_INDEX:
                index.metadata.append(struct.unpack_from("<Q", summary, at)[0])
            elif opcode == mcap.STATISTICS:
                count = mcap.chunk_count(summary, at)
    except (struct.error, ValueError, IndexError):
        return None
    entries.sort(key=attrgetter("offset"))
    if not entries or count not in {None, len(entries)} or not _are_consistent(entries, size):
        return None
    ReadBudget(size).take_bytes(sum(entry.unpacked for entry in entries))
    mask = _channel_masks(index.channel_map)
    index.fill(
        ChunkPosition(min(start, MAX_TIME), min(end, MAX_TIME), offset, length, mask(channels))
        for start, end, offset, length, channels, _ in entries
    )
    return index


def _are_consistent(entries: list[mcap.ChunkEntry], size: int) -> bool:
    """Return whether the chunks, in the order of their offsets, lie in the file and do not overlap."""
    end = len(mcap.MAGIC)
    for entry in entries:
        if entry.offset < end or entry.length > MAX_CHUNK_BYTES + mcap.RECORD.size:
            return False
        end = entry.offset + entry.length
    return end <= size


def _channel_masks(channel_map: mcap.ChannelMap) -> Callable[[bytes], int]:
    """Return a function from the low bytes of channel ids to a mask of session channels.

    It remembers its results: few differ, and a long index must be quick.
    """
    known: dict[bytes, int] = {}

    def mask(ids: bytes) -> int:
        if (found := known.get(ids)) is None:
            is_described = bool(ids) and all(channel in channel_map for channel in ids)
            found = known[ids] = channel_mask(map(channel_map.ours, ids)) if is_described else EVERY_CHANNEL
        return found

    return mask


def _learn_channels(file: BinaryIO, index: ChunkIndex) -> None:
    """Learn from the chunks what their channels are. In our own files the first chunk describes all."""
    budget = ReadBudget(index.file_bytes)
    for number in range(len(index)):
        try:
            index.read(file, number, budget)
        except BudgetError:
            raise
        except LogError:
            continue
        if index.channel_map and not index.channel_map.is_renumbered:
            return
