"""How loud it is: what a level meter shows, and what the summary says."""

from __future__ import annotations

import math
from dataclasses import dataclass

QUIETEST_DBFS = -60.0
"""The meter's left end: a quiet room."""

LOUDEST_DBFS = -6.0
"""The meter's right end: speech this loud is clipped now and then."""

FALL_DB_PER_S = 20.0
"""A meter rises at once and falls slowly, so that an eye can follow it."""

SPEECH_DBFS = -45.0
"""Only what is louder counts for the mean, as pauses do not make a voice quieter."""

BARS = 10


@dataclass(slots=True)
class LevelMeter:
    """The level of a sound as it passes, in dB relative to full scale. `muted_s` is how long it was kept back."""

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
        """The mean over what was loud enough for speech; None if nothing was."""
        return 10 * math.log10(self._power / self._seconds) if self._seconds else None


def bar(level: LevelMeter) -> str:
    """The level as a row of boxes, full from the left."""
    share = (level.shown_dbfs - QUIETEST_DBFS) / (LOUDEST_DBFS - QUIETEST_DBFS)
    full = round(min(max(share, 0.0), 1.0) * BARS)
    return "▮" * full + "▯" * (BARS - full)
