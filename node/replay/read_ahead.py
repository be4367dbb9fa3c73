"""Reads a session ahead of its playback: files, captions and snapshots take as long as they take.

The event loop takes records that are ready, and another thread reads further ones (`ReadAhead.read`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.recording.reader import Recorded
from node.replay.decoder import SessionDecoder, first_needed
from node.replay.dispatch import decode_snapshot
from node.replay.pictures import PictureReader
from node.speech.pcm import BLOCK_SAMPLES, Pcm
from node.speech.receive_stream import mix
from protocol.captions.registry import CaptionCodecs
from protocol.errors import RemoteError
from protocol.log import Frame, Record, Snapshot

# How much is ready before its time: a disk may take a second, in which a replay at eightfold speed needs eight.
AHEAD_S = 5.0

# Records: a hundred times what eight people have in that time.
MOST_READY = 20_000

_US = 1_000_000


class ReadAhead(Iterator[Record]):
    """The records from `start` to `end`, in seconds: yields those that are ready, and stops for now where none is.

    `read` is called in one thread at a time, everything else in the event loop. An error in reading is raised after
    all records before it.
    """

    def __init__(self, session: Recorded, reader: PictureReader, start: float, end: float | None) -> None:
        self._records = iter(session.records(start, end))
        self._reader = reader
        self._ready: deque[Record] = deque()
        self._read_up_to_us = 0
        self._has_ended = False
        self._error: RemoteError | None = None

    def read(self, until: float) -> None:
        """Make ready the records up to this time, in seconds."""
        while not self._has_ended and self._read_up_to_us <= until * _US and len(self._ready) < MOST_READY:
            try:
                record = next(self._records, None)
            except RemoteError as error:
                self._error, record = error, None
            if record is None:
                self._has_ended = True
                return
            self._ready.append(self._prepared(record))
            self._read_up_to_us = record.at_us

    def has(self, at: float) -> bool:
        """Tell whether all records up to this time (seconds) are ready, or as many as may be: some must be taken."""
        return self._has_ended or self._read_up_to_us > at * _US or len(self._ready) >= MOST_READY

    def __next__(self) -> Record:
        if self._ready:
            return self._ready.popleft()
        if self._error is not None:
            raise self._error
        raise StopIteration

    def _prepared(self, record: Record) -> Record:
        match record:
            case Frame():
                return self._reader.read_frame(record)
            case Snapshot():
                return decode_snapshot(record)
        return record


@dataclass(frozen=True, slots=True)
class PlaybackPosition:
    """A moment of a session, ready to be played: the call's `state` at it, and the decoder of what follows."""

    state: Sequence[Record]
    ahead: ReadAhead
    decoder: SessionDecoder

    @property
    def has_next(self) -> bool:
        """Whether the next 20 ms are ready."""
        return not self.decoder.ended and self.ahead.has(self.decoder.position)

    @property
    def needs_reading(self) -> bool:
        """Whether less is ready than half of `AHEAD_S`."""
        return not self.ahead.has(self.decoder.position + AHEAD_S / 2)

    def read(self) -> None:
        """Read on, in a thread, until `AHEAD_S` are ready."""
        self.ahead.read(self.decoder.position + AHEAD_S)

    def play(self) -> Pcm:
        """Play the next 20 ms; return the sound, int16 `(BLOCK_SAMPLES,)`."""
        return mix(self.decoder.step().values(), BLOCK_SAMPLES)


@dataclass(frozen=True, slots=True)
class PositionReader:
    """Makes positions of a session ready; the arguments are those of `node.replay.player.Player`."""

    session: Recorded
    codecs: CaptionCodecs
    end: float | None
    voices: Collection[str] | None
    lyra_folder: Path | None
    on_record: Callable[[Record], None]
    note: Callable[[str], None]

    def read(self, at: float) -> PlaybackPosition:
        """Read the state at a time (seconds), and the first `AHEAD_S` that follow; in a thread."""
        reader = PictureReader(self.codecs, self.session.header.codebooks, self.note)
        state = [reader.read_frame(one) if isinstance(one, Frame) else one for one in self.session.state(at)]
        ahead = ReadAhead(self.session, reader, first_needed(at), self.end)
        ahead.read(at + AHEAD_S)
        decoder = SessionDecoder(
            self.session,
            at,
            self.end,
            on_record=self.on_record,
            voices=self.voices,
            lyra_folder=self.lyra_folder,
            note=self.note,
            records=ahead,
        )
        return PlaybackPosition(state, ahead, decoder)
