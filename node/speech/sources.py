"""Sources without a device: sound files and silence at the pace of real time."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from enum import Enum
from pathlib import Path

from node.common.own_thread import OwnThread, settled, within
from node.speech import sound_files
from node.speech.audio_io import Captured
from node.speech.pcm import FRAME_SAMPLES, Clock, Pcm, samples_of, seconds_of, silence
from protocol.errors import NodeError

logger = logging.getLogger(__name__)

# Seconds that a paced source catches up with; after a longer stop (a sleeping laptop) it skips that time.
MAX_BEHIND = 1.0

# Seconds for a block of a recording, or for its file to open: a disk that sleeps takes a few, one that is gone all.
MAX_WAIT = 10.0


class AtEnd(Enum):
    """What a source does at the end of its recording."""

    STOP = "stop"
    SILENCE = "silence"
    LOOP = "loop"


class PacedSource:
    """A recording in blocks of one length as a microphone would deliver them: each when its last sample is due.

    The blocks' times are counted in samples from the first one on, so that small delays never add up.
    `recording` returns the recording from its beginning. Where it raises NodeError, or yields nothing for MAX_WAIT
    seconds, it ends, and `note` gets a line about it.
    """

    def __init__(
        self,
        recording: Callable[[], Iterator[Pcm]],
        at_end: AtEnd = AtEnd.STOP,
        frame: int = FRAME_SAMPLES,
        clock: Clock | None = None,
        note: Callable[[str], None] = logger.info,
    ) -> None:
        self._recording = recording
        self._at_end = at_end
        self._frame = frame
        self._clock = clock or Clock()
        self._note = note

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames in real time."""
        period = seconds_of(self._frame)
        start, count = self._clock.now(), 0
        async with aclosing(self._blocks()) as blocks:
            async for pcm in blocks:
                due = start + (count + 1) * period
                await self._clock.sleep_until(due)
                late = self._clock.now() - due
                skipped = samples_of(late) if late > MAX_BEHIND else 0
                start += seconds_of(skipped)
                yield Captured(pcm, start + count * period, skipped)
                count += 1

    async def _blocks(self) -> AsyncGenerator[Pcm, None]:
        """Yield the recording's blocks, each read while the one before is played, and then silence unless it stops."""
        recorded, thread = self._repeated(), OwnThread()
        try:
            ahead = thread.start(lambda: next(recorded, None))
            while (pcm := await settled(MAX_WAIT, "the sound file", ahead)) is not None:
                ahead = thread.start(lambda: next(recorded, None))
                yield pcm
        except NodeError as error:
            self._note(f"no more speech from a recording: {error}")
        finally:
            thread.end()
        while self._at_end is not AtEnd.STOP:
            yield silence(self._frame)

    def _repeated(self) -> Iterator[Pcm]:
        """Yield the recording's blocks once, or in a loop if it is to be repeated and is not empty."""
        has_blocks, again = True, True
        while has_blocks and again:
            has_blocks, again = False, self._at_end is AtEnd.LOOP
            for pcm in self._recording():
                has_blocks = True
                yield pcm


def file_source(
    path: Path,
    at_end: AtEnd = AtEnd.STOP,
    frame: int = FRAME_SAMPLES,
    clock: Clock | None = None,
    note: Callable[[str], None] = logger.info,
) -> PacedSource:
    """Return a source that plays a sound file. Raises NodeError if it cannot be read."""
    within(MAX_WAIT, f"the sound file {path}", lambda: sound_files.check(path))
    return PacedSource(lambda: sound_files.blocks(path, frame), at_end, frame, clock, note)


def silent_source(frame: int = FRAME_SAMPLES, clock: Clock | None = None) -> PacedSource:
    """Return a source of endless silence."""
    return PacedSource(lambda: itertools.repeat(silence(frame)), AtEnd.STOP, frame, clock)
