"""Recent values behave as a bounded deque, in memory that does not grow."""

from __future__ import annotations

import tracemalloc
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from node.common.recent_values import RecentValues


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
