"""When packets are played: two seconds after they were said, through jitter, pauses, drift and new time lines."""

from __future__ import annotations

import pytest
from audience import packet

from protocol.audience.release import BUFFER_S, Release
from protocol.audience.speech_message import SpeechMessage

MESSAGES = [(number, number * 24) for number in range(20)]


def message(start: int) -> SpeechMessage:
    return SpeechMessage(0, start, (packet(start), packet(start + 12)))


def played(release: Release, until_s: float) -> list[tuple[float, int]]:
    """When each packet is due, and its place on the time line."""
    times = []
    while (due := release.deadline()) is not None and due <= until_s:
        times += [(due, timed.start) for timed in release.due(due)]
    return times


def test_jitter_up_to_the_buffer_is_not_heard() -> None:
    release = Release()
    for number, start in MESSAGES:
        release.put(message(start), 100.24 + start / 100 + (number * 7 % 5) * 0.4)
    for at, start in played(release, 200.0):
        assert at == pytest.approx(100.24 + start / 100 + BUFFER_S)


def test_a_clock_that_runs_apart_does_no_harm() -> None:
    """100 ppm, talkspurts of 10 s for an hour: never more than a few ms off two seconds."""
    release, start = Release(), 0
    for _ in range(360):
        for _ in range(41):
            arrived = 100.24 + start / 100 * 1.0001
            release.put(message(start), arrived)
            due = release.deadline()
            assert due is not None
            assert due - arrived == pytest.approx(BUFFER_S, abs=0.01)
            release.due(1e9)
            start += 24
        start += 50


def test_a_time_line_that_begins_anew_is_laid_anew() -> None:
    release = Release()
    release.put(message(500_000), 100.0)
    release.due(1e9)
    for start in (0, 4_000_000):
        release.put(message(start), 101.0)
        assert release.deadline() == pytest.approx(101.0 + BUFFER_S)
        release.due(1e9)


def test_nothing_waits_for_ever() -> None:
    release = Release()
    release.put(message(0), 100.0)
    release.put(message(2**32 - 100), 100.1)
    release.due(102.2 + 0.12)
    assert release.deadline() is None
