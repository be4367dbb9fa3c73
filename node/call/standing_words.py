"""What a listener reads of whether its stage is live."""

from __future__ import annotations

from typing import Final

from protocol.audience.live_rule import LiveState, Standing

__all__ = ["standing_words"]

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
