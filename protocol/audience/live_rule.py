"""Whether a stage is live: its announcements are of now, and rise.

An announcement is of now if its time is within 30 s of the listener's clock, and it counts if its time is later than
that of every one that counted before. Everything else is named and plays nothing: what a broker kept, or somebody
recorded and sends again, is old; a clock that is wrong, here or there, makes all of it old or of a time to come.
Nobody but the broker can hold up the present by less than 30 s, and then what is heard is that much late.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["LIVE_WITHIN_MS", "LiveRule", "LiveState", "Standing"]

# Three announcements: two may be lost, and clocks of computers that are set by the network are within a second.
LIVE_WITHIN_MS: Final = 30_000
# How much an offset has to change to be worth a word.
_WORTH_SAYING_MS = 5_000


class LiveState(StrEnum):
    """What a listener knows of the stage."""

    WAITING = "waiting"  # nothing was announced yet
    LIVE = "live"
    ENDED = "ended"  # the stage said so
    SILENT = "silent"  # was live, and announces nothing any more
    OLD = "old"  # what is announced is of a time that is over
    AHEAD = "ahead"  # what is announced is of a time to come
    OTHER_KEY = "other key"  # what is announced is signed with another key than the link names


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, and by how much the announced time is off this clock: negative if it is earlier."""

    state: LiveState
    off_ms: int = 0

    @property
    def live(self) -> bool:
        """Whether what comes may be played."""
        return self.state is LiveState.LIVE


class LiveRule:
    """The standing of one stage. `now` is monotonic, in seconds; times and clocks are Unix time in milliseconds."""

    def __init__(self) -> None:
        self.standing = Standing(LiveState.WAITING)
        self._latest_ms = self._seen_ms = -1
        self._lapses_at: float | None = None

    @staticmethod
    def is_of_now(time_ms: int, clock_ms: int) -> bool:
        """Tell whether an announced time is that of the listener's clock."""
        return abs(time_ms - clock_ms) <= LIVE_WITHIN_MS

    def rises(self, time_ms: int) -> bool:
        """Tell whether an announced time is later than all that counted."""
        return time_ms > self._latest_ms

    def count(self, time_ms: int, ends: bool, now: float, clock_ms: int) -> bool:
        """Take a signed announcement that is of now and rises; tell whether the standing changed."""
        self._latest_ms = time_ms
        self._lapses_at = None if ends else now + LIVE_WITHIN_MS / 1000
        return self._change(LiveState.ENDED if ends else LiveState.LIVE, time_ms - clock_ms)

    def refuse(self, time_ms: int, ends: bool, clock_ms: int) -> bool:
        """Take a signed announcement that is not of now; tell whether the standing changed.

        What is live stays so: anybody can send what is over.
        """
        if self.standing.live or time_ms <= max(self._latest_ms, self._seen_ms):
            return False
        self._seen_ms = time_ms
        off_ms = time_ms - clock_ms
        if ends and off_ms < 0:
            return self._change(LiveState.ENDED, off_ms)
        return self._change(LiveState.OLD if off_ms < 0 else LiveState.AHEAD, off_ms)

    def refuse_key(self) -> bool:
        """Take an announcement of another key; tell whether the standing changed."""
        return self.standing.state is LiveState.WAITING and self._change(LiveState.OTHER_KEY, 0)

    def deadline(self) -> float | None:
        """Return when the stage is silent, if nothing comes."""
        return self._lapses_at

    def handle_timer(self, now: float) -> bool:
        """Let the stage be silent when it is; tell whether the standing changed."""
        if self._lapses_at is None or now < self._lapses_at:
            return False
        self._lapses_at = None
        return self._change(LiveState.SILENT, 0)

    def _change(self, state: LiveState, off_ms: int) -> bool:
        before, self.standing = self.standing, Standing(state, off_ms)
        if state is LiveState.LIVE and before.live:
            return False
        moved = abs(off_ms - before.off_ms) >= _WORTH_SAYING_MS
        if before.state is state and not moved:
            self.standing = before
            return False
        return True
