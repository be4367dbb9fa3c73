"""Reads a recorded session: what it is, and its records from any moment on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from node.session import chunks
from protocol import frames, log
from protocol.captions import registry
from protocol.errors import FrameError, LogError, NodeError, VersionError
from protocol.log.coding import newer
from protocol.log.sealing import BlockCipher, salt_of

NO_KEY = "this session is sealed: give its room with --room"
WRONG_KEY = "this session was sealed in another room: give the one it was recorded in with --room"
CUT_OFF = "this session has no end: its recording was cut off, or the file was"
LOST = "nothing of this session is left"


class Session:
    """A session's file, open for reading; use it as a context. It may be cut off or damaged: what can be read is.

    `header` tells what the session is, `duration_s` when its last record is, `complete` whether the file has its end,
    and `sealed` whether it is encrypted.
    """

    header: log.Header
    duration_s: float
    complete: bool
    sealed: bool

    def __init__(self, file: BinaryIO, secret: bytes | None = None) -> None:
        """Reads what is needed of a seekable file that stays the caller's to close. LogError if it is no session."""
        self._file = file
        self._index = chunks.read_index(file)
        self._metadata = chunks.read_metadata(file, log.METADATA) or {}
        if not self._metadata and chunks.read_profile(file) not in {log.PROFILE, None}:
            raise LogError("not a session: an MCAP file of something else")
        if not self._index.starts:
            raise LogError(LOST)
        self.sealed = "sealed" in self._metadata or self._first_message().channel == log.SEALED
        self._cipher = self._unlock(secret) if self.sealed else None
        self._last_block: int | None = None
        self._damaged_chunks: set[int] = set()
        self.header = log.Header()
        self.header = self._read_header()
        self.duration_s = self._read_end()
        self.complete = self._index.complete and (not self.sealed or self._has_last_block())

    @classmethod
    def open(cls, path: Path, secret: bytes | None = None) -> Self:
        """Open the file at this path; `secret` is the room's, for a sealed one (`node.session.secret`).

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
        wanted = _channels(kinds)
        for number in range(self._chunk_at(start_us), len(self._index.starts)):
            if end_us is not None and self._since_start(self._index.starts[number]) >= end_us:
                return
            for record in self._chunk(number, wanted):
                is_then = record.at_us >= start_us and (end_us is None or record.at_us < end_us)
                if is_then and (kinds is None or isinstance(record, kinds)):
                    yield record

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
        ours = registry.codebooks()
        return remarks + [
            f"its captions were coded with codebook {book.id}/{book.hash.hex()}, which is not here: "
            "they are shown by the words kept beside them"
            for book in self.header.codebooks
            if book not in ours
        ]

    @property
    def damage(self) -> int:
        """In how many places something could not be read, so far as the file was read."""
        return self._index.damaged + len(self._damaged_chunks)

    def _newest_pictures(self, at: float, senders: set[str]) -> list[log.Frame]:
        """Looks back from that moment, until there is one of each or the session begins."""
        found: dict[str, log.Frame] = {}
        at_us = round(at * 1e6)
        for number in range(self._chunk_at(at_us), -1, -1):
            for record in reversed(self._chunk(number, _channels((log.Frame,)))):
                if isinstance(record, log.Frame) and record.at_us < at_us and _is_picture(record):
                    found.setdefault(record.sender, record)
            if senders <= found.keys():
                break
        return sorted((found[sender] for sender in senders & found.keys()), key=lambda frame: frame.at_us)

    # -- chunks

    def _chunk_at(self, at_us: int) -> int:
        at_ns = self.header.started_ns + at_us * 1000
        return max(bisect_right(self._index.starts, at_ns) - 1, 0)

    def _since_start(self, at_ns: int) -> int:
        return max(0, at_ns - self.header.started_ns) // 1000

    def _chunk(self, number: int, wanted: int = chunks.EVERY_CHANNEL) -> list[log.Record]:
        """Its records in the order of time; none if it is damaged."""
        if not self._index.channels[number] & (wanted | self.sealed << log.SEALED):
            return []
        records: list[log.Record] = []
        for message in self._messages(number):
            try:
                records += log.decode(message)
            except LogError:
                self._damaged_chunks.add(number)
        return sorted(records, key=lambda record: record.at_us)

    def _messages(self, number: int) -> list[log.Message]:
        """Its messages. What channels they are on is remembered, where the index does not tell: of sealed chunks, and
        in files without an end."""
        try:
            raw = chunks.read_chunk(self._file, self._index.offsets[number])
            if self._cipher is None:
                messages = [log.Message(one.channel, self._since_start(one.log_time), one.data) for one in raw]
            else:
                messages = [message for one in raw for message in self._opened(one)]
        except LogError:
            self._damaged_chunks.add(number)
            return []
        self._index.channels[number] = chunks.mask(message.channel for message in messages)
        return messages

    def _opened(self, sealed: chunks.RawMessage) -> list[log.Message]:
        assert self._cipher is not None
        number, last, messages = self._cipher.open(sealed.data)
        if last:
            self._last_block = number
        return messages

    # -- what is found out at the beginning

    def _has_last_block(self) -> bool:
        if self._last_block is None:
            return False
        if self._last_block != len(self._index.starts) - 1:
            self._index.damaged += 1  # blocks were taken out of the middle
        return True

    def _first_message(self) -> chunks.RawMessage:
        """The first one of the first chunk that is not damaged."""
        for offset in self._index.offsets:
            try:
                return chunks.read_chunk(self._file, offset)[0]
            except (LogError, IndexError):
                continue
        raise LogError(LOST)

    def _check_version(self) -> None:
        if (version := _number(self._metadata.get("format", ""))) > log.FORMAT:
            raise LogError(newer(version))

    def _unlock(self, secret: bytes | None) -> BlockCipher:
        self._check_version()
        if secret is None:
            raise LogError(NO_KEY)
        block = self._first_message().data
        cipher = BlockCipher(secret, salt_of(block))
        try:
            if self._metadata.get("check") != cipher.check.hex():
                cipher.open(block)
        except LogError:
            raise LogError(WRONG_KEY) from None
        return cipher

    def _read_header(self) -> log.Header:
        """The header; if it was lost, one that tells only when the session began."""
        for message in self._messages(0):
            if message.channel == log.SESSION:
                return log.decode_header(message.data)
        self._check_version()
        return log.Header(_number(self._metadata.get("started_ns", "")) or self._index.starts[0])

    def _read_end(self) -> float:
        for number in range(len(self._index.starts) - 1, -1, -1):
            if records := self._chunk(number):
                return records[-1].at_us / 1e6
        return 0.0


def _channels(kinds: tuple[type[log.Record], ...] | None) -> int:
    if kinds is None:
        return chunks.EVERY_CHANNEL
    mask = 0
    for kind in kinds:
        mask |= 1 << log.CHANNEL_OF[kind]
    return mask


def plural(count: int, noun: str) -> str:
    """The count and the noun, in its plural form unless there is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _is_picture(record: log.Frame) -> bool:
    try:
        return isinstance(frames.decode(record.frame), frames.Picture)
    except (FrameError, VersionError):
        return False


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
