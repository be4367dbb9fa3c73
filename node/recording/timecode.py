"""Times of a session as users write them: seconds, mm:ss or hh:mm:ss."""

from __future__ import annotations

import re

from protocol.errors import UsageError

_TIME = re.compile(r"(?:(?:(\d{1,4}):)?([0-5]?\d):)?(\d{1,9}(?:\.\d{1,12})?)", re.ASCII)


def parse_time(text: str) -> float:
    """Parse a time such as `90`, `1:30`, `1:30.5` or `0:01:30` into seconds. Raises UsageError if it is none."""
    match = _TIME.fullmatch(text.strip())
    if match is None or (match[2] is not None and float(match[3]) >= 60):
        raise UsageError(f"not a time: {text!r}; write seconds, mm:ss or hh:mm:ss, as in 90, 1:30 or 0:01:30")
    return int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3])


def is_time(text: str) -> bool:
    """Tell whether `parse_time` accepts a text."""
    try:
        parse_time(text)
    except UsageError:
        return False
    return True


def format_time(seconds: float) -> str:
    """Format seconds as m:ss, or h:mm:ss from an hour on, rounded down."""
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def parse_span(start: str | None, end: str | None, end_option: str = "--to") -> tuple[float, float | None]:
    """Parse `--from` and `--to` into seconds. Raises UsageError unless they are times, one after the other."""
    begins, ends = parse_time(start) if start is not None else 0.0, parse_time(end) if end is not None else None
    if ends is not None and ends <= begins:
        raise UsageError(f"{end_option} {end} is not after --from {start or 0}")
    return begins, ends
