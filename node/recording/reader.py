"""Reads a recorded session: its header, and its records from any moment on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from node.common.regular_files import open_regular
from node.recording import mcap_chunks
from node.recording.chunk_records import ChunkRecords, count_before, time_of
from node.recording.mcap_index import EVERY_CHANNEL, MAX_TIME
from node.recording.mcap_summary import read_index
from protocol import frames, log
from protocol.captions.codebook_id import CodebookId
from protocol.errors import FrameError, LogError, NodeError, VersionError
from protocol.log.coding import newer
from protocol.log.sealing import BlockCipher, salt_of

NO_KEY = "this session is sealed: give its room with --room"
WRONG_KEY = "this session was sealed in another room: give the one it was recorded in with --room"
CUT_OFF = "this session has no end: its recording was cut off, or the file was"
LOST = "nothing of this session is left"

# A recorder writes meters every ten seconds; where other tools take out all but speech, pauses have hours at most. A
# record that is further behind all before it has a wrong time, or was made to keep a player waiting.
MAX_SILENCE_S = 6 * 3600

# A week; nothing is recorded for longer.
MAX_SESSION_S = 7 * 24 * 3600

# Metadata records that are read: a recorder writes one.
MOST_METADATA = 1000

# Chunks that are searched for the header where the index does not name its chunk, which is the first.
HEADER_CHUNKS = 64

_NS_PER_S = 1_000_000_000


class Recorded(Protocol):
    """What is read of a session: see `SessionReader`. Times are in seconds since it began."""

    @property
    def header(self) -> log.Header: ...

    @property
    def duration_s(self) -> float: ...

    def records(
        self, start: float = 0.0, end: float | None = None, *, kinds: tuple[type[log.Record], ...] | None = None
    ) -> Iterator[log.Record]:
        """See `SessionReader.records`."""

    def state(self, at: float) -> Iterable[log.Record]:
        """See `SessionReader.state`."""


class SessionReader:
    """A session's file, open for reading; use it as a context. Of a damaged one, everything readable is read.

    `duration_s` is the time of the last record; `complete` tells whether the file has its end, `sealed` whether it is
    encrypted. Everything may raise BudgetError, a LogError, for a file that holds more than a recording can
    (`node.recording.read_budget`).
    """

    header: log.Header
    duration_s: float
    complete: bool
    sealed: bool

    def __init__(self, file: BinaryIO, secret: bytes | None = None) -> None:
        """Read the header and the end of a seekable file, which the caller closes. LogError if it is no session."""
        self._file = file
        self._index = read_index(file)
        self._metadata = self._read_metadata()
        is_described = bool(self._metadata) or self._index.channel_map.has_ours
        if not is_described and mcap_chunks.read_profile(file) not in {log.PROFILE, None}:
            raise LogError("not a session: an MCAP file of something else")
        self._chunks = ChunkRecords(file, self._index)
        first = self._chunks.first_message()
        if first is None:
            raise LogError(LOST)
        self.sealed = "sealed" in self._metadata or self._index.channel_map.ours(first.channel) == log.SEALED
        if self.sealed:
            self._chunks.cipher = self._unlock(first.data, secret)
        self.header = self._plausible(self._read_header(), first.log_time)
        self._chunks.started_ns = self.header.started_ns
        self._drop_implausible_times()
        self.duration_s = self._read_end()
        self.complete = self._index.complete and (not self.sealed or self._has_last_block())

    @classmethod
    def open(cls, path: Path, secret: bytes | None = None) -> Self:
        """Open the file at `path`; a sealed one with the room's `secret` (`protocol.log.sealing`).

        Raises NodeError if there is no such file, or it is a named pipe or a device, LogError if it is no session that
        this program can read.
        """
        try:
            file = open_regular(path, may_be_empty=True)
        except NodeError as error:
            raise NodeError(f"cannot read {str(path)!r}: {error}") from None
        try:
            return cls(file, secret)
        except LogError as error:
            file.close()
            raise LogError(f"{str(path)!r}: {error}") from None
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def records(
        self, start: float = 0.0, end: float | None = None, *, kinds: tuple[type[log.Record], ...] | None = None
    ) -> Iterator[log.Record]:
        """Yield the records from `start` on, and before `end`, in seconds, by time; only of these `kinds`, if given.

        Seeks at once to the first. Damaged parts are left out, and counted in `damage`. Iterators are independent.
        """
        start_us = round(start * 1e6)
        end_us = None if end is None else round(end * 1e6)
        wanted, budget = _channels(kinds), self._chunks.budget()
        waiting: list[log.Record] = []  # records of the chunks up to here that the next one's may come before
        for number in range(self._index.first_with(self._at_ns(start_us)), len(self._index)):
            begins_us = self._chunks.since_start(self._index.starts[number])
            if end_us is not None and begins_us >= end_us:
                break
            ready = count_before(waiting, begins_us)
            yield from _within(waiting[:ready], start_us, end_us, kinds)
            found = self._chunks.records(number, wanted, budget)
            waiting = sorted([*waiting[ready:], *found], key=time_of) if ready < len(waiting) else found
        yield from _within(waiting, start_us, end_us, kinds)

    def state(self, at: float) -> list[log.Record]:
        """Return the state at a moment: a Joined for each peer present, and the newest picture frame of each sender."""
        people: dict[str, log.Record] = {}
        for record in self.records(0.0, at, kinds=(log.Joined, log.Left)):
            if isinstance(record, log.Joined):
                people[record.peer] = record
            elif isinstance(record, log.Left):
                people.pop(record.peer, None)
        return [*people.values(), *self._newest_pictures(at, {self.header.node, *people})]

    @property
    def remarks(self) -> list[str]:
        """Lines for the user: whether the file was cut off or is damaged."""
        remarks = [] if self.complete else [CUT_OFF]
        if self._index.damaged:
            remarks.append(f"damaged in {plural(self._index.damaged, 'place')}; what lies between is read")
        return remarks

    def missing_codebooks(self, ours: Collection[CodebookId]) -> list[str]:
        """Return a line for the user on each codebook of the captions that is none of `ours`."""
        return [
            f"its captions were coded with codebook {book.id}/{book.hash.hex()}, which is not here: "
            "they are shown by the words kept beside them"
            for book in self.header.codebooks
            if book not in ours
        ]

    @property
    def damage(self) -> int:
        """The number of gaps in which something could not be read, so far as the file was read."""
        return self._index.damaged + self._chunks.damage

    @property
    def left_out(self) -> str:
        """A line for the user on the damage, so far as the file was read; empty if there is none."""
        return f"damaged in {plural(self.damage, 'place')}, which are left out" if self.damage else ""

    def _newest_pictures(self, at: float, senders: set[str]) -> list[log.Frame]:
        """Search back from a moment, until there is a picture of each sender or the session begins."""
        found: dict[str, log.Frame] = {}
        at_us, budget = round(at * 1e6), self._chunks.budget()
        for number in range(self._index.last_from(self._at_ns(at_us)), -1, -1):
            earliest_us = min((frame.at_us for frame in found.values()), default=0)
            if senders <= found.keys() and self._reach_us(number) <= earliest_us:
                break
            for record in self._chunks.records(number, _channels((log.Frame,)), budget):
                if not isinstance(record, log.Frame) or record.at_us >= at_us or picture_of(record.frame) is None:
                    continue
                if (other := found.get(record.sender)) is None or record.at_us >= other.at_us:
                    found[record.sender] = record
        return sorted((found[sender] for sender in senders & found.keys()), key=time_of)

    def _at_ns(self, at_us: int) -> int:
        return self.header.started_ns + max(at_us, 0) * 1000

    def _reach_us(self, number: int) -> int:
        return self._chunks.since_start(self._index.reach(number))

    # -- on opening

    def _read_metadata(self) -> dict[str, str]:
        elsewhere = iter(self._index.metadata[:MOST_METADATA])
        found = mcap_chunks.read_metadata(self._file, log.METADATA)
        return found or mcap_chunks.read_metadata(self._file, log.METADATA, elsewhere) or {}

    def _check_version(self) -> None:
        if (version := _number(self._metadata.get("format", ""))) > log.FORMAT:
            raise LogError(newer(version))

    def _unlock(self, block: bytes, secret: bytes | None) -> BlockCipher:
        self._check_version()
        if secret is None:
            raise LogError(NO_KEY)
        cipher = BlockCipher(secret, salt_of(block))
        try:
            if self._metadata.get("check") != cipher.check.hex():
                cipher.open(block)
        except LogError:
            raise LogError(WRONG_KEY) from None
        return cipher

    def _read_header(self) -> log.Header:
        """Return the header; if it is lost, one that has only the time at which the session began."""
        budget, bits = self._chunks.budget(), 1 << log.SESSION | self.sealed << log.SEALED
        with_header = [number for number, channels in enumerate(self._index.channels) if channels & bits]
        for number in with_header[:HEADER_CHUNKS]:
            for message in self._chunks.messages(number, budget):
                if message is not None and message.channel == log.SESSION:
                    return log.decode_header(message.data)
        self._check_version()
        return log.Header(_number(self._metadata.get("started_ns", "")))

    def _plausible(self, header: log.Header, first_ns: int) -> log.Header:
        """Return the header, its begin that of the first message if no chunk is near its own."""
        if self._index.has_near(header.started_ns, MAX_SILENCE_S * _NS_PER_S):
            return header
        return dataclasses.replace(header, started_ns=min(first_ns, MAX_TIME))

    def _drop_implausible_times(self) -> None:
        """Drop chunks that are later than a recording can be, and set the horizon for the records of the others."""
        begin = self.header.started_ns
        last = self._index.cut_after_gap(begin, MAX_SILENCE_S * _NS_PER_S, begin + MAX_SESSION_S * _NS_PER_S)
        self._chunks.horizon_us = self._chunks.since_start(last)

    def _read_end(self) -> float:
        last_us, budget = 0, self._chunks.budget()
        for number in range(len(self._index) - 1, -1, -1):
            if 0 < self._reach_us(number) <= last_us:
                break
            if records := self._chunks.records(number, EVERY_CHANNEL, budget):
                last_us = max(last_us, records[-1].at_us)
        return last_us / 1e6

    def _has_last_block(self) -> bool:
        if self._chunks.last_block is None:
            return False
        if self._chunks.has_lone_blocks and self._chunks.last_block != len(self._index) - 1:
            self._index.damaged += 1  # blocks were taken out of the middle
        return True


def _channels(kinds: tuple[type[log.Record], ...] | None) -> int:
    if kinds is None:
        return EVERY_CHANNEL
    mask = 0
    for kind in kinds:
        mask |= 1 << log.CHANNEL_OF[kind]
    return mask


def _within(
    records: list[log.Record], start_us: int, end_us: int | None, kinds: tuple[type[log.Record], ...] | None
) -> Iterator[log.Record]:
    for record in records:
        is_then = record.at_us >= start_us and (end_us is None or record.at_us < end_us)
        if is_then and (kinds is None or isinstance(record, kinds)):
            yield record


def plural(count: int, noun: str) -> str:
    """Return the count and the noun, in its plural form unless the count is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def picture_of(frame: bytes) -> frames.Picture | None:
    """Decode a recorded frame; None if it is no picture, or cannot be read."""
    try:
        decoded = frames.decode(frame)
    except (FrameError, VersionError):
        return None
    return decoded if isinstance(decoded, frames.Picture) else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
