"""The chunks of an MCAP file: what is in each, and what the file says of itself.

The package `mcap` reads whole files, message by message, and at the first damage it stops. This reads one chunk of ten
hours in a millisecond, wherever it is, and no more of a file than a recording can hold (`node.recording.read_budget`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from node.recording.mcap_records import (
    CHANNEL,
    CHUNK,
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
from node.recording.read_budget import MAX_CHUNK_RECORDS, ReadBudget
from node.recording.unpacking import DAMAGED, unpack
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
