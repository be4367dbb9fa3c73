"""Where speech comes from: asynchronous iterators of captured frames, at the pace of real time."""

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

# Seconds a paced source hurries to catch up; after a longer stop (a sleeping laptop) it skips that time.
MAX_BEHIND = 1.0


# Seconds for a block of a recording, or for its file to open: a disk that sleeps takes a few, one that is gone all.
MAX_WAIT = 10.0


class AtEnd(Enum):
    """What a source does when its recording is over."""

    STOP = "stop"
    SILENCE = "silence"
    LOOP = "loop"


class PacedSource:
    """Plays blocks of one length as a microphone would deliver them: each when its last sample is in.

    The blocks' times are counted in samples from the first one on, so that small delays never add up.
    `recording` begins the recording anew at each call. Where it fails (NodeError), or gives nothing for MAX_WAIT, the
    recording is over, and `note` takes a line about it.
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
        """Yield the recording's blocks, each read while the one before it sounds, and what follows at its end."""
        recorded, thread = self._rounds(), OwnThread()
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

    def _rounds(self) -> Iterator[Pcm]:
        """Yield the recording once, or again and again if it is to be repeated and holds anything."""
        anything, again = True, True
        while anything and again:
            anything, again = False, self._at_end is AtEnd.LOOP
            for pcm in self._recording():
                anything = True
                yield pcm


def file_source(
    path: Path,
    at_end: AtEnd = AtEnd.STOP,
    frame: int = FRAME_SAMPLES,
    clock: Clock | None = None,
    note: Callable[[str], None] = logger.info,
) -> PacedSource:
    """Return a source that plays a sound file; NodeError when it cannot be read."""
    within(MAX_WAIT, f"the sound file {path}", lambda: sound_files.check(path))
    return PacedSource(lambda: sound_files.blocks(path, frame), at_end, frame, clock, note)


def silent_source(frame: int = FRAME_SAMPLES, clock: Clock | None = None) -> PacedSource:
    """Return a source that says nothing, for ever."""
    return PacedSource(lambda: itertools.repeat(silence(frame)), AtEnd.STOP, frame, clock)
