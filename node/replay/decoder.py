"""Decodes a session in its own time: 20 ms at a time, the sound of each sender and the records of that time.

Speech passes the same jitter buffer as in the call, at the recorded times of arrival, and the decoder that encodes, so
that a session sounds the same on every machine. The samples are those of the call, wherever nothing was late there and
its decoder enhanced nothing; only the noise that fills pauses, which is random, and where exactly in a block of 20 ms a
word begins, may differ.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np

from node.recording.reader import Recorded
from node.speech.codec import SpeechDecoder
from node.speech.comfort_noise import ComfortNoise
from node.speech.pcm import BLOCK_SAMPLES, Pcm, seconds_of
from node.speech.receive_stream import ReceiveStream
from protocol.errors import PacketError
from protocol.log import Left, Record, Speech
from protocol.speech import lyra
from protocol.speech.jitter import MAX_BROKER_TARGET_MS
from protocol.speech.playout import Playout

logger = logging.getLogger(__name__)

STEP_S = seconds_of(BLOCK_SAMPLES)

# Speech that is decoded before the first that is heard: decoder and jitter buffer find their state.
PREROLL_S = 1.0

# After the last record: what is in the jitter buffer is heard, and the last word fades out.
TAIL_S = 0.5

# Records in 20 ms, of which eight people have eight; further ones wait for the next step, so that none lasts too long.
MOST_A_STEP = 200

# Senders that are decoded at once, four times as many as a room has: beyond, the one silent longest is dropped.
MOST_VOICES = 32

NEEDS_LYRA = "some of it was spoken in Lyra, which is not heard without its models: give their folder with --lyra"

_US = 1_000_000


def first_needed(start: float) -> float:
    """Return the time (seconds) from which records are needed to play a session from `start`."""
    return max(0, round((start - PREROLL_S) / STEP_S)) * STEP_S


def _ignore(record: Record) -> None:
    """Do nothing with a record."""


class SessionDecoder:
    """Decodes from `start` to `end`, in seconds (by default the session's end and `TAIL_S`).

    `on_record` is called with each record at its time. `voices` are the senders that are decoded, by default all;
    `lyra_folder` has Lyra's models, and `note` gets a line, maybe often, when they are missing. `records` are those
    from `first_needed(start)` on, by default read from the session; the iterator may stop for a while.
    """

    def __init__(
        self,
        session: Recorded,
        start: float = 0.0,
        end: float | None = None,
        *,
        on_record: Callable[[Record], None] = _ignore,
        voices: Collection[str] | None = None,
        lyra_folder: Path | None = None,
        note: Callable[[str], None] = logger.info,
        records: Iterator[Record] | None = None,
    ) -> None:
        self.end = session.duration_s + TAIL_S if end is None else min(end, session.duration_s + TAIL_S)
        self._on_record, self._voices, self._lyra_folder, self._note = on_record, voices, lyra_folder, note
        self._start = start
        self._steps = round(first_needed(start) / STEP_S)
        self._records = records or iter(session.records(first_needed(start), end))
        self._next: Record | None = None
        self._streams: dict[str, ReceiveStream] = {}
        while self.position < start - STEP_S / 2:
            self.step()

    @property
    def position(self) -> float:
        """The time up to which the session is decoded, in seconds."""
        return self._steps * STEP_S

    @property
    def ended(self) -> bool:
        """Whether the end is reached."""
        return self.position >= self.end - STEP_S / 2

    def delay_s(self, sender: str) -> float:
        """Return the delay between arrival and playout of a sender's speech: the jitter buffer's target, in seconds."""
        stream = self._streams.get(sender)
        return stream.playout.stats.target_ms / 1000 if stream else 0.0

    def step(self) -> dict[str, Pcm]:
        """Decode the next 20 ms; return the sound of each sender, int16 `(BLOCK_SAMPLES,)`."""
        now = self.position
        for _ in range(MOST_A_STEP):
            if (record := self._due(now)) is None:
                break
            self._take(record)
        self._steps += 1
        return {sender: stream.pull(BLOCK_SAMPLES, now) for sender, stream in self._streams.items()}

    def _due(self, now: float) -> Record | None:
        """Return the next record, if it is due."""
        if self._next is None:
            self._next = next(self._records, None)
        if self._next is None or self._next.at_us > now * _US + 1:
            return None
        record, self._next = self._next, None
        return record

    def _take(self, record: Record) -> None:
        match record:
            case Speech():
                self._receive(record)
            case Left(peer=peer):
                self._streams.pop(peer, None)
        if record.at_us >= self._start * _US - 1:
            self._on_record(record)

    def _receive(self, packet: Speech) -> None:
        if self._voices is not None and packet.sender not in self._voices:
            return
        if self._lyra_folder is None and lyra.is_lyra(packet.payload):
            self._note(NEEDS_LYRA)
        stream = self._streams.pop(packet.sender, None) or self._new_stream(packet.sender)
        self._streams[packet.sender] = stream
        try:
            at = packet.at_us / _US
            stream.receive(packet.sequence, packet.timestamp, packet.payload, at, packet.copies)
        except PacketError as error:
            logger.debug("a packet of %s is no speech: %s", packet.sender, error)

    def _new_stream(self, sender: str) -> ReceiveStream:
        """Return a stream whose comfort noise has a fixed seed, so that a session sounds the same each time."""
        noise = ComfortNoise(np.random.default_rng(zlib.crc32(sender.encode())))
        while len(self._streams) >= MOST_VOICES:
            self._streams.pop(next(iter(self._streams)))
        playout = Playout()
        playout.longest_target_ms = MAX_BROKER_TARGET_MS  # no record says which way speech took
        return ReceiveStream(playout, SpeechDecoder(self._lyra_folder), noise)
