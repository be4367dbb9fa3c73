"""Writes a session's file: one chunk for each call of `write`, handed to the system when it returns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from protocol import log
from protocol.errors import NodeError, UsageError
from protocol.log.sealing import SALT_BYTES, BlockCipher

# Length of a chunk: a process that is killed loses at most two seconds, the wait for the processor included.
CHUNK_S = 1.8

# More than any chunk has: chunks end when `write` returns, and at no other time.
CHUNK_BYTES = 1 << 24

# What Linux adds to the name of an open file that was deleted.
DELETED = " (deleted)"

# What NFS calls a file that was deleted while a process has it open.
NFS_DELETED = ".nfs"

_NO_RECORD = (ValueError, TypeError, OverflowError)


def create_file(path: Path) -> BinaryIO:
    """Open a new file for a session. Raises UsageError if it exists already, NodeError if it cannot be made."""
    try:
        return path.open("xb")
    except FileExistsError:
        raise UsageError(f"{str(path)!r} exists already: name another file, or move this one away") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have, as with a NUL in it
        raise NodeError(f"cannot record to {str(path)!r}: {getattr(error, 'strerror', None) or error}") from None


def in_chunks(records: Iterable[log.Record]) -> Iterator[list[log.Record]]:
    """Yield records, which are in the order of time, in lists of less than `CHUNK_S` each.

    A reader looks for what comes at a time no further back than a chunk may reach.
    """
    block: list[log.Record] = []
    for record in records:
        if block and record.at_us - block[0].at_us >= CHUNK_S * 1e6:
            yield block
            block = []
        block.append(record)
    if block:
        yield block


class SessionWriter:
    """Writes records to a stream that nothing else writes to; sealed if there is a secret.

    When `write` returns, its records are handed to the operating system, so that a killed process loses only later
    ones. Raises OSError as the stream does, and must not be used any further then. `left_out` counts records that could
    not be encoded.
    """

    def __init__(self, stream: BinaryIO, header: log.Header, secret: bytes | None = None) -> None:
        from mcap.writer import Writer

        self._stream, self._header = stream, header
        self._cipher = None if secret is None else BlockCipher(secret, os.urandom(SALT_BYTES))
        self._blocks = 0
        self.left_out = 0
        self._mcap = Writer(stream, chunk_size=CHUNK_BYTES)
        self._mcap.start(log.PROFILE, header.program)
        self._mcap.add_metadata(log.METADATA, self._metadata())
        for channel in log.CHANNELS if self._cipher is not None else log.CHANNELS[: log.SEALED - 1]:
            schema = self._mcap.register_schema(channel.schema_name, channel.schema_encoding, channel.schema)
            self._mcap.register_channel(channel.topic, channel.encoding, schema)
        self._put([log.encode_header(header)])

    def write(self, records: Sequence[log.Record]) -> None:
        """Write a chunk: records of about `CHUNK_S`, in the order of time, none earlier than those before.

        Records that cannot be encoded, as with lone surrogates in a text, are left out and counted.
        """
        if messages := self._encoded(records):
            self._put(messages)

    def write_all(self, records: Iterable[log.Record]) -> None:
        """Write records of any length of time, in the order of time, in chunks as a recorder makes them."""
        for block in in_chunks(records):
            self.write(block)

    def finish(self, at_us: int = 0) -> None:
        """Write the end, with the index by which a reader seeks; `at_us` is the end's time in a sealed session."""
        if self._cipher is not None:
            self._seal([], at_us, last=True)
        self._mcap.finish()  # type: ignore[no-untyped-call]
        self._stream.flush()

    def _metadata(self) -> dict[str, str]:
        plain = {"format": str(log.FORMAT), "program": self._header.program, "started_ns": str(self._header.started_ns)}
        return plain if self._cipher is None else {**plain, "sealed": "1", "check": self._cipher.check.hex()}

    def _encoded(self, records: Sequence[log.Record]) -> list[log.Message]:
        try:
            return log.encode(records, self._header.started_ns)
        except _NO_RECORD:
            good = [record for record in records if self._is_encodable(record)]
            self.left_out += len(records) - len(good)
            return log.encode(good, self._header.started_ns)

    def _is_encodable(self, record: log.Record) -> bool:
        try:
            return bool(log.encode([record], self._header.started_ns))
        except _NO_RECORD:
            return False

    def _put(self, messages: Sequence[log.Message]) -> None:
        if self._cipher is not None:
            self._seal(messages, messages[0].at_us)
        else:
            for message in messages:
                self._add(message)
        self._mcap.flush()  # type: ignore[no-untyped-call]

    def _seal(self, messages: Sequence[log.Message], at_us: int, last: bool = False) -> None:
        assert self._cipher is not None
        block = self._cipher.seal(self._blocks, messages, last)
        self._blocks += 1
        self._add(log.Message(log.SEALED, at_us, block))

    def _add(self, message: log.Message) -> None:
        at_ns = self._header.started_ns + message.at_us * 1000
        self._mcap.add_message(message.channel, at_ns, message.data, at_ns)


@dataclass(frozen=True, slots=True)
class FileLocation:
    """The present path of a file, None if it is not known; `is_deleted` tells that it has none."""

    path: Path | None
    is_deleted: bool = False


def locate(file: BinaryIO, path: Path) -> FileLocation:
    """Return where a file is now that was opened at `path`; a disk that does not answer leaves it there."""
    try:
        opened = os.fstat(file.fileno())
    except (OSError, ValueError):
        return FileLocation(path)
    if opened.st_nlink == 0:
        return FileLocation(None, is_deleted=True)
    try:
        present = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _elsewhere(file, path, missing=True)
    except OSError:
        return FileLocation(path)
    same = (present.st_dev, present.st_ino) == (opened.st_dev, opened.st_ino)
    return FileLocation(path) if same else _elsewhere(file, path, missing=False)


def _elsewhere(file: BinaryIO, path: Path, missing: bool) -> FileLocation:
    """Locate an open file by the name that the system has for it, where it has one."""
    try:
        name = str(Path(f"/proc/self/fd/{file.fileno()}").readlink())
    except (OSError, ValueError):
        return FileLocation(None)
    if name.endswith(DELETED) or Path(name).name.startswith(NFS_DELETED):
        return FileLocation(None, is_deleted=True)
    if not missing and name == os.path.realpath(path):
        return FileLocation(path)  # a file system that numbers one file in two ways
    return FileLocation(Path(name) if Path(name).exists() else None)
