"""A session unrolled in its own time: 20 ms at a time, what is heard of everybody and what happens meanwhile.

Speech takes the way it took in the call: the same jitter buffer, at the recorded moments of arrival, the same decoder.
So the samples are those of the call, wherever nothing was late there; only the noise that fills pauses, which
is random by nature, and where exactly in a block of 20 ms a word begins, may differ.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from node.speech.codec import SpeechDecoder
from node.speech.comfort_noise import ComfortNoise
from node.speech.pcm import BLOCK_SAMPLES, Pcm, seconds_of
from node.speech.receive_stream import ReceiveStream
from protocol.errors import PacketError
from protocol.log import Header, Left, Record, Speech
from protocol.speech import lyra
from protocol.speech.playout import Playout

logger = logging.getLogger(__name__)

# Of speech that is decoded unheard before a moment that is sought: decoder and jitter buffer find their state.
STEP_S = seconds_of(BLOCK_SAMPLES)
PREROLL_S = 1.0

# After the last record: what the jitter buffer still holds is heard, and the last word rings out.
TAIL_S = 0.5

# Records in 20 ms, of which eight people have eight; what is left waits for the next step, and none lasts too long.
MOST_A_STEP = 200

# Senders that are decoded at once, four times as many as a room has: beyond, who is silent longest is dropped.
MOST_VOICES = 32

NEEDS_LYRA = "some of it was spoken in Lyra, which is not heard without its models: give their folder with --lyra"

_US = 1_000_000


class Recorded(Protocol):
    """What is read of a session: see `node.recording.reader.SessionReader`. Times are in seconds since it began."""

    @property
    def header(self) -> Header: ...

    @property
    def duration_s(self) -> float: ...

    def records(
        self, start: float = 0.0, end: float | None = None, *, kinds: tuple[type[Record], ...] | None = None
    ) -> Iterator[Record]:
        """The records of that time, in order; of these kinds, if any are given."""

    def state(self, at: float) -> Iterable[Record]:
        """What holds at that time: a Joined for everyone here, the newest picture of each."""


def first_needed(start: float) -> float:
    """Return from when on a session's records are needed to play it from `start`, in seconds."""
    return max(0, round((start - PREROLL_S) / STEP_S)) * STEP_S


def _nobody(record: Record) -> None:
    """Nothing happens about it."""


class SessionDecoder:
    """Plays from `start` to `end` (the session's end, and the tail, unless told), telling `tell` of each record as its
    time comes. `voices` are the senders to be heard, all unless told; `lyra_folder` has Lyra's models, and
    `note` is told, maybe often, when they are missing. `records` are the session's from `first_needed(start)` on, if
    they do not come from it; they may end for a while.
    """

    def __init__(
        self,
        session: Recorded,
        start: float = 0.0,
        end: float | None = None,
        *,
        tell: Callable[[Record], None] = _nobody,
        voices: Collection[str] | None = None,
        lyra_folder: Path | None = None,
        note: Callable[[str], None] = logger.info,
        records: Iterator[Record] | None = None,
    ) -> None:
        self.end = session.duration_s + TAIL_S if end is None else min(end, session.duration_s + TAIL_S)
        self._tell, self._voices, self._lyra_folder, self._note = tell, voices, lyra_folder, note
        self._start = start
        self._steps = round(first_needed(start) / STEP_S)
        self._records = records or iter(session.records(first_needed(start), end))
        self._coming: Record | None = None
        self._listeners: dict[str, ReceiveStream] = {}
        while self.position < start - STEP_S / 2:
            self.step()

    @property
    def position(self) -> float:
        """Seconds since the session began, up to where it was played."""
        return self._steps * STEP_S

    @property
    def over(self) -> bool:
        """Whether the end is reached."""
        return self.position >= self.end - STEP_S / 2

    def delay_s(self, sender: str) -> float:
        """How much later than they came this sender's words are heard: the jitter buffer's target."""
        listener = self._listeners.get(sender)
        return listener.playout.stats.target_ms / 1000 if listener else 0.0

    def step(self) -> dict[str, Pcm]:
        """Go on by 20 ms; return what is heard of each sender meanwhile, int16 `(BLOCK_SAMPLES,)`."""
        now = self.position
        for _ in range(MOST_A_STEP):
            if (record := self._due(now)) is None:
                break
            self._take(record)
        self._steps += 1
        return {sender: listener.pull(BLOCK_SAMPLES, now) for sender, listener in self._listeners.items()}

    def _due(self, now: float) -> Record | None:
        """The next record, if its time has come."""
        if self._coming is None:
            self._coming = next(self._records, None)
        if self._coming is None or self._coming.at_us > now * _US + 1:
            return None
        record, self._coming = self._coming, None
        return record

    def _take(self, record: Record) -> None:
        match record:
            case Speech():
                self._hear(record)
            case Left(peer=peer):
                self._listeners.pop(peer, None)
        if record.at_us >= self._start * _US - 1:
            self._tell(record)

    def _hear(self, packet: Speech) -> None:
        if self._voices is not None and packet.sender not in self._voices:
            return
        if self._lyra_folder is None and lyra.is_lyra(packet.payload):
            self._note(NEEDS_LYRA)
        listener = self._listeners.pop(packet.sender, None) or self._new_listener(packet.sender)
        self._listeners[packet.sender] = listener
        try:
            at = packet.at_us / _US
            listener.receive(packet.sequence, packet.timestamp, packet.payload, at, packet.copies)
        except PacketError as error:
            logger.debug("a packet of %s is no speech: %s", packet.sender, error)

    def _new_listener(self, sender: str) -> ReceiveStream:
        """A pause's noise comes of a seed, so that the same session sounds the same each time."""
        noise = ComfortNoise(np.random.default_rng(zlib.crc32(sender.encode())))
        while len(self._listeners) >= MOST_VOICES:
            self._listeners.pop(next(iter(self._listeners)))
        return ReceiveStream(Playout(), SpeechDecoder(self._lyra_folder), noise)
