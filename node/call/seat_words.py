"""What a listener reads of its stage: whether it is live, and what was not believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from protocol.audience.live_rule import LiveState, Standing

__all__ = ["NOT_OPENED", "Distrust", "duration_words", "standing_words"]

# Between two notes on what was not believed.
NAMED_EVERY_S: Final = 10.0
# Anybody at the broker can send what does not open: it is counted, and not worth a word.
NOT_OPENED: Final = "not opened"

_WORDS: Final = {
    LiveState.WAITING: "not live: the stage announced nothing yet",
    LiveState.LIVE: "live",
    LiveState.ENDED: "not live: the stage has ended",
    LiveState.SILENT: "not live: nothing was announced for 30 s; the speaker's link or program may be gone",
    LiveState.OTHER_KEY: (
        "not live: somebody announces with another key than the link names, and is not believed; "
        "ask the speaker for the link if it was made anew"
    ),
}


def standing_words(standing: Standing) -> str:
    """Return whether the stage is live, and why not, in a line."""
    off = duration_words(abs(standing.off_ms) / 1000)
    match standing.state:
        case LiveState.OLD:
            return (
                f"not live: what is announced is {off} old. Somebody sends again what is over, or a clock is wrong: "
                "compare this machine's with the speaker's"
            )
        case LiveState.AHEAD:
            return f"not live: what is announced is {off} ahead of this machine's clock: one of the two is wrong"
        case LiveState.ENDED if standing.off_ms < -1000 * 60:
            return f"{_WORDS[LiveState.ENDED]}, {off} ago"
    return _WORDS[standing.state]


def duration_words(seconds: float) -> str:
    """Return a duration in its largest unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length * 1.5 or seconds == length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


class Distrust:
    """What was not believed, counted by its kind; what somebody with the link made is noted now and then.

    `clock` is monotonic.
    """

    def __init__(self, note: Callable[[str], None], clock: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter()
        self._note, self._clock = note, clock
        self._unnamed: Counter[str] = Counter()
        self._named_at: float | None = None

    def add(self, why: str) -> None:
        """Count a message, and note it unless that was done a moment ago."""
        self.counts[why] += 1
        if why == NOT_OPENED:
            return
        self._unnamed[why] += 1
        now = self._clock()
        if self._named_at is None or now >= self._named_at + NAMED_EVERY_S:
            self._named_at = now
            self.name()

    def name(self) -> None:
        """Note what was counted since the last note, if anything was."""
        if self._unnamed:
            what = ", ".join(f"{count} {why}" for why, count in sorted(self._unnamed.items()))
            self._note(f"messages that are not the speaker's: {what}")
            self._unnamed.clear()
