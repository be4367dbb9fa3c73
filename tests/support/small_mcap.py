"""A small MCAP file of five chunks, as the package mcap writes it."""

from __future__ import annotations

import io

from mcap.writer import CompressionType, Writer

from node.recording.mcap_index import ChunkIndex
from node.recording.mcap_summary import read_index
from node.recording.read_budget import ReadBudget
from protocol import log

TIMES = [10, 20, 30, 40, 50]


def mcap(compression: CompressionType = CompressionType.ZSTD, end: bool = True, foreign: int = 0) -> bytearray:
    """Five chunks with a message in each, on two of a session's channels by turns; `foreign` channels come first."""
    stream = io.BytesIO()
    writer = Writer(stream, compression=compression)
    writer.start("something", "test")
    writer.add_metadata("about", {"weather": "fine", "wind": ""})
    for number in range(foreign):
        writer.register_channel(f"/{number}", "json", 0)
    for channel in log.CHANNELS[:2]:
        writer.register_channel(channel.topic, channel.encoding, 0)
    for number, at in enumerate(TIMES):
        writer.add_message(foreign + 1 + number % 2, at, b"hello %d" % at * 20, at)
        writer.flush()
    if end:
        writer.finish()
    return bytearray(stream.getvalue())


def read(data: bytes) -> tuple[ChunkIndex, list[int]]:
    """The index, and the times of the messages in its chunks."""
    file = io.BytesIO(data)
    index = read_index(file)
    budget = ReadBudget(len(data))
    return index, [one.log_time for number in range(len(index)) for one in index.read(file, number, budget)]
