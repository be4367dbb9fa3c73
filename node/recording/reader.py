"""Reads a recorded session: what it is, and its records from any moment on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from node.recording import mcap_chunks
from node.recording.chunk_finder import read_index
from node.recording.chunk_index import EVERY_CHANNEL, MAX_TIME
from node.recording.chunk_records import ChunkRecords, count_before, time_of
from protocol import frames, log
from protocol.captions.codebook_id import CodebookId
from protocol.errors import FrameError, LogError, NodeError, VersionError
from protocol.log.coding import newer
from protocol.log.sealing import BlockCipher, salt_of

NO_KEY = "this session is sealed: give its room with --room"
WRONG_KEY = "this session was sealed in another room: give the one it was recorded in with --room"
CUT_OFF = "this session has no end: its recording was cut off, or the file was"
LOST = "nothing of this session is left"

MAX_SILENCE_S = 6 * 3600
"""A recorder writes meters every ten seconds, and of speech alone, which other tools may take out of a session, there
are pauses of hours at most. What lies further behind all before it has a wrong time, or was made to keep a player
waiting."""

MAX_SESSION_S = 7 * 24 * 3600
"""A week; nothing is recorded for longer."""

MOST_METADATA = 1000
"""Metadata records that are looked at: a recorder writes one."""

HEADER_CHUNKS = 64
"""Chunks that are searched for the header where the index does not tell: it is in the first."""

_NS_PER_S = 1_000_000_000


class Session:
    """A session's file, open for reading; use it as a context. It may be cut off or damaged: what can be read is.

    `header` tells what the session is, `duration_s` when its last record is, `complete` whether the file has its end,
    and `sealed` whether it is encrypted. Everything may raise BudgetError, a LogError, for a file that holds more than
    a recording can (`node.recording.read_budget`).
    """

    header: log.Header
    duration_s: float
    complete: bool
    sealed: bool

    def __init__(self, file: BinaryIO, secret: bytes | None = None) -> None:
        """Reads what is needed of a seekable file that stays the caller's to close. LogError if it is no session."""
        self._file = file
        self._index = read_index(file)
        self._metadata = self._read_metadata()
        if not (self._metadata or self._index.topics.has_ours) and mcap_chunks.read_profile(file) not in {
            log.PROFILE,
            None,
        }:
            raise LogError("not a session: an MCAP file of something else")
        self._chunks = ChunkRecords(file, self._index)
        first = self._chunks.first_message()
        if first is None:
            raise LogError(LOST)
        self.sealed = "sealed" in self._metadata or self._index.topics.ours(first.channel) == log.SEALED
        if self.sealed:
            self._chunks.cipher = self._unlock(first.data, secret)
        self.header = self._believable(self._read_header(), first.log_time)
        self._chunks.started_ns = self.header.started_ns
        self._leave_out_far_away()
        self.duration_s = self._read_end()
        self.complete = self._index.complete and (not self.sealed or self._has_last_block())

    @classmethod
    def open(cls, path: Path, secret: bytes | None = None) -> Self:
        """Open the file at this path; `secret` is the room's, for a sealed one (`protocol.log.sealing`).

        Raises NodeError if there is no such file, LogError if it is no session that this program can read.
        """
        try:
            file = path.open("rb")
        except OSError as error:
            raise NodeError(f"cannot read {str(path)!r}: {error.strerror}") from None
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def records(
        self, start: float = 0.0, end: float | None = None, *, kinds: tuple[type[log.Record], ...] | None = None
    ) -> Iterator[log.Record]:
        """The records from `start` on, and before `end`, in seconds, by time; only of these kinds, if any are given.

        Seeks at once to where they begin. Parts that are damaged are left out (`remarks` tells of them). Iterators do
        not disturb each other.
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
        """What holds at a moment, for who comes late: a Joined for each peer here, and the newest picture of each."""
        people: dict[str, log.Record] = {}
        for record in self.records(0.0, at, kinds=(log.Joined, log.Left)):
            if isinstance(record, log.Joined):
                people[record.peer] = record
            elif isinstance(record, log.Left):
                people.pop(record.peer, None)
        return [*people.values(), *self._newest_pictures(at, {self.header.node, *people})]

    @property
    def remarks(self) -> list[str]:
        """Lines that a person should read: whether it was cut off or is damaged, and what is missing here."""
        remarks = [] if self.complete else [CUT_OFF]
        if self._index.damaged:
            remarks.append(f"damaged in {plural(self._index.damaged, 'place')}; what lies between is read")
        return remarks

    def missing_codebooks(self, ours: Collection[CodebookId]) -> list[str]:
        """Return a line for a person for each codebook of its captions that is none of `ours`."""
        return [
            f"its captions were coded with codebook {book.id}/{book.hash.hex()}, which is not here: "
            "they are shown by the words kept beside them"
            for book in self.header.codebooks
            if book not in ours
        ]

    @property
    def damage(self) -> int:
        """In how many places something could not be read, so far as the file was read."""
        return self._index.damaged + self._chunks.damage

    @property
    def left_out(self) -> str:
        """A line that says what could not be read, so far as the file was read; empty if all could."""
        return f"damaged in {plural(self.damage, 'place')}, which are left out" if self.damage else ""

    def _newest_pictures(self, at: float, senders: set[str]) -> list[log.Frame]:
        """Looks back from that moment, until there is one of each or the session begins."""
        found: dict[str, log.Frame] = {}
        at_us, budget = round(at * 1e6), self._chunks.budget()
        for number in range(self._index.last_from(self._at_ns(at_us)), -1, -1):
            earliest_us = min((frame.at_us for frame in found.values()), default=0)
            if senders <= found.keys() and self._reach_us(number) <= earliest_us:
                break
            for record in self._chunks.records(number, _channels((log.Frame,)), budget):
                if not isinstance(record, log.Frame) or record.at_us >= at_us or not _is_picture(record):
                    continue
                if (other := found.get(record.sender)) is None or record.at_us >= other.at_us:
                    found[record.sender] = record
        return sorted((found[sender] for sender in senders & found.keys()), key=time_of)

    def _at_ns(self, at_us: int) -> int:
        return self.header.started_ns + max(at_us, 0) * 1000

    def _reach_us(self, number: int) -> int:
        return self._chunks.since_start(self._index.reach(number))

    # -- what is found out at the beginning

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
        """The header; if it was lost, one that tells only when the session began."""
        budget, bits = self._chunks.budget(), 1 << log.SESSION | self.sealed << log.SEALED
        with_header = [number for number, channels in enumerate(self._index.channels) if channels & bits]
        for number in with_header[:HEADER_CHUNKS]:
            for message in self._chunks.messages(number, budget):
                if message is not None and message.channel == log.SESSION:
                    return log.decode_header(message.data)
        self._check_version()
        return log.Header(_number(self._metadata.get("started_ns", "")))

    def _believable(self, header: log.Header, first_ns: int) -> log.Header:
        """The header, beginning at the session's first message if there is nothing near its own beginning."""
        silence_ns, started = MAX_SILENCE_S * _NS_PER_S, header.started_ns
        for number, start in enumerate(self._index.starts):
            if start - silence_ns <= started <= self._index.end(number) + silence_ns:
                return header
        return dataclasses.replace(header, started_ns=min(first_ns, MAX_TIME))

    def _leave_out_far_away(self) -> None:
        """Leave out chunks that are later than a recording can be, and set the horizon for what is in the others."""
        silence_ns, latest = MAX_SILENCE_S * _NS_PER_S, self.header.started_ns
        last = self.header.started_ns + MAX_SESSION_S * _NS_PER_S
        for number, start in enumerate(self._index.starts):
            if start > min(latest + silence_ns, last):
                self._index.damaged += len(self._index) - number
                self._index.cut(number)
                break
            latest = max(latest, min(self._index.end(number), max(latest, start) + silence_ns))
        self._chunks.horizon_us = self._chunks.since_start(latest + silence_ns)

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
    """The count and the noun, in its plural form unless there is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _is_picture(record: log.Frame) -> bool:
    try:
        return isinstance(frames.decode(record.frame), frames.Picture)
    except (FrameError, VersionError):
        return False


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
