"""The index of an MCAP file: its chunks, in the order of time."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from operator import attrgetter
from typing import BinaryIO, NamedTuple

from node.recording.mcap_chunks import RawMessage, read_chunk, read_loose
from node.recording.mcap_records import ChannelMap
from node.recording.read_budget import ReadBudget

# A message of speech has the time of the first packet in it: the others are up to this much later.
BUNDLE_NS = 2_000_000_000

MAX_TIME = (1 << 63) - 1 - BUNDLE_NS
EVERY_CHANNEL = (1 << 16) - 1
_HIGHEST_BIT = 15


class ChunkPosition(NamedTuple):
    """A chunk: times (ns) of its first and last message, its bytes in the file, and its session channels (bits)."""

    start: int
    end: int
    offset: int
    length: int
    channels: int = EVERY_CHANNEL
    is_loose: bool = False

    def read(self, file: BinaryIO, channel_map: ChannelMap, budget: ReadBudget) -> list[RawMessage]:
        """Return the chunk's messages. Raises LogError if it is damaged, BudgetError if it holds too much."""
        read = read_loose if self.is_loose else read_chunk
        return read(file, self.offset, self.length, channel_map, budget)


@dataclass(slots=True)
class ChunkIndex:
    """The chunks of a file, by time: start of each (ns), and which session channels have messages in it (bits).

    `complete` tells whether the file has its end; `damaged` counts the gaps in which something could not be read;
    `metadata` has the offsets of metadata records, beside those before the first chunk.
    """

    file_bytes: int = 0
    starts: array[int] = field(default_factory=lambda: array("q"))
    channels: array[int] = field(default_factory=lambda: array("l"))
    channel_map: ChannelMap = field(default_factory=ChannelMap)
    metadata: list[int] = field(default_factory=list)
    complete: bool = False
    damaged: int = 0
    _positions: list[ChunkPosition] = field(default_factory=list)
    _reach: array[int] = field(default_factory=lambda: array("q"))

    def fill(self, positions: Iterable[ChunkPosition]) -> None:
        """Set the chunks, in any order. One without messages has no time: it gets that of the one before."""
        self._positions = sorted(_timed(positions), key=attrgetter("start", "offset"))
        self.starts = array("q", [chunk.start for chunk in self._positions])
        self.channels = array("l", [chunk.channels for chunk in self._positions])
        self._reach = array("q", accumulate([chunk.end + BUNDLE_NS for chunk in self._positions], max))

    def has_near(self, at_ns: int, gap_ns: int) -> bool:
        """Return whether a chunk has messages within `gap_ns` of this time."""
        return any(chunk.start - gap_ns <= at_ns <= chunk.end + gap_ns for chunk in self._positions)

    def cut_after_gap(self, begin_ns: int, gap_ns: int, last_ns: int) -> int:
        """Drop what begins after `last_ns`, or more than `gap_ns` after all before it, and count it as damaged.

        Returns up to when (ns) messages of the remaining chunks can be; `begin_ns` is the session's begin.
        """
        latest = begin_ns
        for number, chunk in enumerate(self._positions):
            if chunk.start > min(latest + gap_ns, last_ns):
                self.damaged += len(self) - number
                del self._positions[number:], self.starts[number:], self.channels[number:], self._reach[number:]
                break
            latest = max(latest, min(chunk.end, max(latest, chunk.start) + gap_ns))
        return latest + gap_ns

    def first_with(self, at_ns: int) -> int:
        """Return the number of the first chunk that can have messages of this time or later."""
        return bisect_left(self._reach, at_ns)

    def last_from(self, at_ns: int) -> int:
        """Return the number of the last chunk that begins at this time or earlier; -1 if none does."""
        return bisect_right(self.starts, at_ns) - 1

    def reach(self, number: int) -> int:
        """Return the latest time (ns) that a record of the chunks up to this one can have."""
        return self._reach[number]

    def read(self, file: BinaryIO, number: int, budget: ReadBudget) -> list[RawMessage]:
        """Return a chunk's messages. Raises LogError if it is damaged, BudgetError if it holds too much."""
        return self._positions[number].read(file, self.channel_map, budget)

    def __len__(self) -> int:
        return len(self._positions)


def channel_mask(channels: Iterable[int]) -> int:
    """Return the bits of these session channels: those from the fifteenth on share one, other tools' (0) have none."""
    return sum(1 << channel for channel in {min(channel, _HIGHEST_BIT) for channel in channels} if channel)


def _timed(positions: Iterable[ChunkPosition]) -> list[ChunkPosition]:
    """Return the chunks, those without messages at the time of the one before, or of the first that has a time."""
    chunks = list(positions)
    if all(chunk.end for chunk in chunks):
        return chunks
    before = next((chunk.start for chunk in chunks if chunk.end), 0)
    for number, chunk in enumerate(chunks):
        if chunk.end:
            before = chunk.start
        else:
            chunks[number] = chunk._replace(start=before, end=before)
    return chunks
