"""Counts of speech, and series that behave as bounded deques in memory that does not grow."""

from __future__ import annotations

import tracemalloc
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from node.speech.stats import MAX_DELAYS, RecentValues, SpeechIn, SpeechOut


def test_speech_is_counted_with_and_without_a_voice_in_it() -> None:
    out = SpeechOut()
    out.add(100, voiced=True, duration_ms=120)
    out.add(20, voiced=False, duration_ms=120, late=True)
    assert out == SpeechOut(packets=2, payload=120, voiced_packets=1, voiced_payload=100, voiced_ms=120, late=1)


def test_delays_are_bounded() -> None:
    delays = SpeechIn().mouth_to_ear_ms
    delays.extend(range(MAX_DELAYS + 3))
    assert (len(delays), next(iter(delays))) == (MAX_DELAYS, 3)


@given(st.lists(st.floats(width=32, allow_nan=False)), st.integers(1, 20))
def test_it_holds_what_a_deque_would(values: list[float], most: int) -> None:
    recent, reference = RecentValues(most), deque(values, maxlen=most)
    recent.extend(values)
    assert list(recent) == list(reference)
    assert len(recent) == len(reference)
    assert (recent == RecentValues(most)) is (not values)
    assert all(value in recent for value in reference)


def test_its_memory_does_not_grow() -> None:
    recent = RecentValues(100)
    tracemalloc.start()
    try:
        recent.extend(float(number) for number in range(100_000))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 1000  # a list of these would have 800,000 bytes
