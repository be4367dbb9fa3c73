"""What holds over several snapshots: a value changes when others agree on another, and does not return at once.

Every class is pure: times are arguments, in seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

# Snapshots in a row that must agree on another value.
AGREEING = 2

# How long a value is not taken back after it changed: a state that is told for less is a flicker to the eye, and its
# painting is hardly there before it is replaced.
RETURN_S = 3.0

# The share of the last snapshots with the eyes open that blinked less, and how many of them are kept: two minutes.
BASELINE_SHARE, BASELINE_SNAPSHOTS = 0.25, 240

# Before so many snapshots a person's own open eyes are unknown.
BASELINE_LEAST = 6

# How much further than the person's open eyes closed ones are closed. Lids tremble by .15.
BEYOND_BASELINE = 0.22

# Lids that are this far down are half closed at least, whatever the person's open eyes are like.
LEAST_BLINK = 0.45


@dataclass
class Held(Generic[T]):
    """A value that changes when AGREEING snapshots in a row, over `lasting_s` seconds, show one other value.

    A value that was given up less than RETURN_S ago is not taken back yet. The first one needs no time to last.
    """

    value: T
    lasting_s: float = 0.0
    settled: bool = False
    _candidate: T | None = None
    _count: int = 0
    _since: float = 0.0
    _before: T | None = None
    _changed_at: float = float("-inf")

    @property
    def pending(self) -> bool:
        """Whether another value was seen last, and waits for more of it."""
        return self._count > 0

    def update(self, seen: T, now: float) -> T:
        """Take what one snapshot shows, and return the value that holds."""
        if self.settled and seen == self.value:
            self._count = 0
            return self.value
        if self._count and seen == self._candidate:
            self._count += 1
        else:
            self._candidate, self._count, self._since = seen, 1, now
        if self._count >= AGREEING and self._has_lasted(seen, now):
            self._change(seen, now)
        return self.value

    def doubt(self) -> None:
        """Forget what waits: a snapshot shows nothing of this."""
        self._count = 0

    def restart(self, value: T) -> None:
        """Begin again with this value, as yet unsettled."""
        self.value, self.settled, self._count, self._before = value, False, 0, None

    def _has_lasted(self, seen: T, now: float) -> bool:
        if not self.settled:
            return True
        lasted = now - self._since >= self.lasting_s
        return lasted and not (seen == self._before and now - self._changed_at < RETURN_S)

    def _change(self, seen: T, now: float) -> None:
        if self.settled:
            self._before, self._changed_at = self.value, now
        self.value, self.settled, self._count = seen, True, 0


@dataclass
class EyeBaseline:
    """One person's own open eyes, from how far the lids were down in the last minutes, 0 to 1."""

    _open: deque[float] = field(default_factory=lambda: deque(maxlen=BASELINE_SNAPSHOTS))

    @property
    def known(self) -> bool:
        """Whether enough was seen."""
        return len(self._open) >= BASELINE_LEAST

    def add(self, blink: float) -> None:
        """Take a snapshot in which the eyes are open."""
        self._open.append(blink)

    def closed(self, blink: float) -> bool:
        """Return whether lids that are so far down are closed, for this person."""
        ranked = sorted(self._open)
        own = ranked[int(BASELINE_SHARE * len(ranked))] if ranked else 0.0
        return blink > max(LEAST_BLINK, own + BEYOND_BASELINE)

    def clear(self) -> None:
        """Forget the person."""
        self._open.clear()
