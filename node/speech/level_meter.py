"""Level meters: the loudness of the speech that is sent and received, and the mute."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from node.speech.audio_io import Captured, ForwardingSink, Pull, Sink, Source
from node.speech.pcm import Pcm, level_dbfs, seconds_of, silence

# A meter rises at once and falls slowly, so that an eye can follow it.
FALL_DB_PER_S = 20.0

# Only what is louder counts for the mean, as pauses do not make a voice quieter.
SPEECH_DBFS = -45.0


@dataclass(slots=True)
class LevelMeter:
    """The level of a sound as it passes, in dB relative to full scale. `muted_s` is for how long it was muted."""

    shown_dbfs: float = -math.inf
    muted_s: float = 0.0
    _power: float = 0.0
    _seconds: float = 0.0

    def add(self, dbfs: float, seconds: float) -> None:
        """Take a block of this mean level and length."""
        self.shown_dbfs = max(dbfs, self.shown_dbfs - FALL_DB_PER_S * seconds)
        if dbfs >= SPEECH_DBFS:
            self._power += 10 ** (dbfs / 10) * seconds
            self._seconds += seconds

    @property
    def started(self) -> bool:
        """Whether anything but digital silence has passed."""
        return self.shown_dbfs > -math.inf

    @property
    def mean_dbfs(self) -> float | None:
        """The mean over all that was loud enough for speech; None if nothing was."""
        return 10 * math.log10(self._power / self._seconds) if self._seconds else None


@dataclass
class MeteredSource:
    """A source with a level meter and a mute: while it is `muted`, nothing but silence reaches the encoder.

    So it is while the source is `closed` because somebody else may speak, which does not count as muted.
    """

    source: Source
    level: LevelMeter
    muted: bool = False
    closed: bool = False

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames of the source."""
        async for captured in self.source:
            seconds = seconds_of(len(captured.pcm))
            is_silent = self.muted or self.closed
            passed = replace(captured, pcm=silence(len(captured.pcm)), encoded=None) if is_silent else captured
            self.level.muted_s += seconds if self.muted else 0.0
            self.level.add(level_dbfs(passed.pcm), seconds)
            yield passed


class MeteredSink(ForwardingSink):
    """A sink with a level meter."""

    def __init__(self, sink: Sink, level: LevelMeter) -> None:
        super().__init__(sink)
        self.level = level

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""

        def metered(samples: int) -> Pcm:
            pcm = pull(samples)
            self.level.add(level_dbfs(pcm), seconds_of(samples))
            return pcm

        await self.sink.run(metered)
