"""A session's records, read before their time: files, captions and snapshots take as long as they take.

Whoever plays in an event loop takes what is ready, and lets another thread read (`ReadAhead.read`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from node.recording.reader import Recorded
from node.replay.dispatch import decode_snapshot
from node.replay.pictures import PictureReader
from protocol.errors import RemoteError
from protocol.log import Frame, Record, Snapshot

# So much is ready before its time: a disk may take a second, and eight times the speed eight of them.
AHEAD_S = 5.0

# Records: a hundred times what eight people have in that time.
MOST_READY = 20_000

_US = 1_000_000


class ReadAhead(Iterator[Record]):
    """The records from `start` to `end`, in seconds: yields those that are ready, and ends for now where none is.

    `read` is called in one thread at a time, everything else in the event loop. What keeps the session from being read
    is raised when everything before it was taken.
    """

    def __init__(self, session: Recorded, reading: PictureReader, start: float, end: float | None) -> None:
        self._records = iter(session.records(start, end))
        self._reading = reading
        self._ready: deque[Record] = deque()
        self._read_up_to_us = 0
        self._is_over = False
        self._error: RemoteError | None = None

    def read(self, until: float) -> None:
        """Make ready what lies up to this moment, in seconds."""
        while not self._is_over and self._read_up_to_us <= until * _US and len(self._ready) < MOST_READY:
            try:
                record = next(self._records, None)
            except RemoteError as error:
                self._error, record = error, None
            if record is None:
                self._is_over = True
                return
            self._ready.append(self._made_ready(record))
            self._read_up_to_us = record.at_us

    def has(self, at: float) -> bool:
        """Whether everything up to this moment is ready, in seconds, or as much as may be: then some is to be taken."""
        return self._is_over or self._read_up_to_us > at * _US or len(self._ready) >= MOST_READY

    def __next__(self) -> Record:
        if self._ready:
            return self._ready.popleft()
        if self._error is not None:
            raise self._error
        raise StopIteration

    def _made_ready(self, record: Record) -> Record:
        match record:
            case Frame():
                return self._reading.read_frame(record)
            case Snapshot():
                return decode_snapshot(record)
        return record
