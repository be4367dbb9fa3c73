"""Moments as people write them."""

from __future__ import annotations

import pytest

from node.recording.timecode import format_time, parse_span, parse_time
from protocol.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5", 1.5), ("1:30", 90), ("01:30.25", 90.25), ("1:02:03", 3723), ("100:00:00", 360_000)],
)
def test_seconds_minutes_and_hours(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1:60", "1:2:3:4", "1:99:00", "soon", "1e3", "nan", "١", "1:30s", "9" * 400, "9" * 5000 + ":00:00"],
)
def test_anything_else_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="not a time"):
        parse_time(text)


def test_a_span_goes_forward() -> None:
    assert parse_span(None, None) == (0.0, None)
    assert parse_span("1:00", "61") == (60.0, 61.0)
    with pytest.raises(UsageError, match="--until 5 is not after --from 5"):
        parse_span("5", "5", "--until")


def test_a_clock_shows_hours_when_there_are_some() -> None:
    assert [format_time(seconds) for seconds in (0, 59.9, 60, 3599, 3600, 36_061)] == [
        "0:00", "0:59", "1:00", "59:59", "1:00:00", "10:01:01",
    ]  # fmt: skip
