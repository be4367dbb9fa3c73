"""Where the chunks of an MCAP file are, by time."""

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

# Packets of speech are in a message of the time of the first: the others come as much later.
BUNDLE_NS = 2_000_000_000

MAX_TIME = (1 << 63) - 1 - BUNDLE_NS
EVERY_CHANNEL = (1 << 16) - 1
_HIGHEST_BIT = 15


class ChunkPosition(NamedTuple):
    """A chunk: times (ns) of its first and last message, where it is, and which of our channels it has (bits)."""

    start: int
    end: int
    offset: int
    length: int
    channels: int = EVERY_CHANNEL
    is_loose: bool = False

    def read(self, file: BinaryIO, topics: ChannelMap, budget: ReadBudget) -> list[RawMessage]:
        """Return its messages. LogError if it is damaged, BudgetError if it holds too much."""
        read = read_loose if self.is_loose else read_chunk
        return read(file, self.offset, self.length, topics, budget)


@dataclass(slots=True)
class ChunkIndex:
    """The chunks of a file, by time: start of each (ns), and which of our channels have messages in it (bits).

    `complete` tells whether the file has its end; `damaged` counts the places at which something could not be read;
    `metadata` is where metadata records are, beside those before the first chunk.
    """

    file_bytes: int = 0
    starts: array[int] = field(default_factory=lambda: array("q"))
    channels: array[int] = field(default_factory=lambda: array("l"))
    topics: ChannelMap = field(default_factory=ChannelMap)
    metadata: list[int] = field(default_factory=list)
    complete: bool = False
    damaged: int = 0
    _places: list[ChunkPosition] = field(default_factory=list)
    _reach: array[int] = field(default_factory=lambda: array("q"))

    def fill(self, places: Iterable[ChunkPosition]) -> None:
        """Take these chunks, in any order. One without messages has no time: it goes with the one before."""
        self._places = sorted(_timed(places), key=attrgetter("start", "offset"))
        self.starts = array("q", [place.start for place in self._places])
        self.channels = array("l", [place.channels for place in self._places])
        self._reach = array("q", accumulate([place.end + BUNDLE_NS for place in self._places], max))

    def cut(self, count: int) -> None:
        """Keep the first chunks only."""
        self._places = self._places[:count]
        del self.starts[count:], self.channels[count:], self._reach[count:]

    def first_with(self, at_ns: int) -> int:
        """Return the first chunk in which something of this time or later can be."""
        return bisect_left(self._reach, at_ns)

    def last_from(self, at_ns: int) -> int:
        """Return the last chunk that begins then or earlier; -1 if none does."""
        return bisect_right(self.starts, at_ns) - 1

    def reach(self, number: int) -> int:
        """Return the latest time that a record of the first chunks, up to this one, can have."""
        return self._reach[number]

    def end(self, number: int) -> int:
        """Return the time of a chunk's last message."""
        return self._places[number].end

    def read(self, file: BinaryIO, number: int, budget: ReadBudget) -> list[RawMessage]:
        """Return a chunk's messages. LogError if it is damaged, BudgetError if it holds too much."""
        return self._places[number].read(file, self.topics, budget)

    def __len__(self) -> int:
        return len(self._places)


def channel_mask(channels: Iterable[int]) -> int:
    """A bit for each of these channels; all from the fifteenth on share one, and what is not ours (0) has none."""
    return sum(1 << channel for channel in {min(channel, _HIGHEST_BIT) for channel in channels} if channel)


def _timed(places: Iterable[ChunkPosition]) -> list[ChunkPosition]:
    """The same, chunks without messages at the time of the one before, or of the first that has a time."""
    found = list(places)
    if all(place.end for place in found):
        return found
    before = next((place.start for place in found if place.end), 0)
    for number, place in enumerate(found):
        if place.end:
            before = place.start
        else:
            found[number] = place._replace(start=before, end=before)
    return found
