"""The lag of the event loop: how late a timer is that is due every few milliseconds.

Whatever blocks the loop, or takes the processor from it, delays speech as well.
"""

from __future__ import annotations

import asyncio
import bisect
import math
import time
from dataclasses import dataclass, field

# Between two timers in a call: what blocks the loop for 50 ms is seen by two of them, and fifty wake-ups a second of 20
# us each are a thousandth of a core.
EVERY_S = 0.02

# A lag beyond this is counted: speech has little more than that in reserve.
NOTABLE_MS = 50.0

_LEAST_MS, _STEP, _MOST_MS = 0.1, 1.1, 60_000.0
_BOUNDS_MS = [_LEAST_MS * _STEP**step for step in range(math.ceil(math.log(_MOST_MS / _LEAST_MS, _STEP)) + 1)]


@dataclass(slots=True)
class LoopLag:
    """A histogram of lags in milliseconds, of fixed size however long the call is: its steps are of a tenth.

    Of the `notable` ones, `waits` are those in which the loop's thread waited for a processor and was not at work.
    """

    samples: int = 0
    notable: int = 0
    waits: int = 0
    max_ms: float = 0.0
    _counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS_MS) + 1))

    def add(self, lag_ms: float, worked_ms: float = math.inf) -> None:
        """Count one timer that was `lag_ms` late, while the loop's thread was at work for `worked_ms`."""
        self.samples += 1
        self.notable += lag_ms > NOTABLE_MS
        self.waits += lag_ms > NOTABLE_MS and worked_ms < lag_ms / 2
        self.max_ms = max(self.max_ms, lag_ms)
        self._counts[bisect.bisect_left(_BOUNDS_MS, lag_ms)] += 1

    def percentile_ms(self, percent: float) -> float | None:
        """Return the lag that `percent` of them do not exceed, to a tenth of it; None before the first."""
        if not self.samples:
            return None
        wanted, seen = math.ceil(self.samples * percent / 100), 0
        for bound, count in zip(_BOUNDS_MS, self._counts, strict=False):
            seen += count
            if seen >= wanted:
                return min(bound, self.max_ms)
        return self.max_ms


@dataclass
class LagWatch:
    """The measurement of the running loop. `due` is the time of its next timer, on the loop's clock."""

    lag: LoopLag
    every_s: float = EVERY_S
    due: float = math.inf

    async def run(self) -> None:
        """Set one timer after the other until cancelled, and count how late each is."""
        loop = asyncio.get_running_loop()
        while True:
            self.due, began = loop.time() + self.every_s, time.thread_time()
            await asyncio.sleep(self.every_s)
            worked_ms = (time.thread_time() - began) * 1000
            self.lag.add(max(0.0, loop.time() - self.due) * 1000, worked_ms)
