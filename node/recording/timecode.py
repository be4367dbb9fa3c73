"""Moments of a session as people write them: seconds, mm:ss or hh:mm:ss."""

from __future__ import annotations

import re

from protocol.errors import UsageError

_TIME = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)", re.ASCII)


def parse(text: str) -> float:
    """Return the seconds that `90`, `1:30`, `1:30.5` or `0:01:30` mean; UsageError for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None or (match[2] is not None and float(match[3]) >= 60):
        raise UsageError(f"not a time: {text!r}; write seconds, mm:ss or hh:mm:ss, as in 90, 1:30 or 0:01:30")
    return int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3])


def is_time(text: str) -> bool:
    """Whether `parse` reads the text."""
    try:
        parse(text)
    except UsageError:
        return False
    return True


def clock(seconds: float) -> str:
    """Return whole seconds as m:ss, or h:mm:ss from an hour on."""
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def span(start: str | None, end: str | None, end_option: str = "--to") -> tuple[float, float | None]:
    """Return `--from` and `--to` in seconds; UsageError unless they are times, one after the other."""
    begins, ends = parse(start) if start is not None else 0.0, parse(end) if end is not None else None
    if ends is not None and ends <= begins:
        raise UsageError(f"{end_option} {end} is not after --from {start or 0}")
    return begins, ends
