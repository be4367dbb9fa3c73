from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from protocol.speech.jitter import (
    COPIES_PACKETS,
    HISTORY_MS,
    MARGIN_MS,
    MAX_STEP_MS,
    MAX_TARGET_MS,
    MIN_TARGET_MS,
    Arrivals,
)

PACKET_MS = 120


def _after(delays_ms: Sequence[float], drift: float = 0) -> Arrivals:
    arrivals = Arrivals(0, 1000)
    for index, delay_ms in enumerate(delays_ms):
        arrivals.receive(index * PACKET_MS * 48, 1000 + index * PACKET_MS * (1 + drift) + delay_ms)
    return arrivals


def test_a_steady_link_needs_the_least() -> None:
    arrivals = _after([0] * 100)
    assert (arrivals.target_ms, arrivals.jitter_ms) == (MIN_TARGET_MS, 0)


def test_the_target_covers_the_jitter() -> None:
    draw = random.Random(1)
    arrivals = _after([draw.uniform(0, 50) for _ in range(500)])
    assert 45 < arrivals.target_ms <= 50 + MARGIN_MS
    assert 10 < arrivals.jitter_ms < 25


def test_the_target_rises_at_once_and_falls_slowly() -> None:
    history = int(HISTORY_MS / PACKET_MS)
    assert _after([0] * 50 + [90]).target_ms == pytest.approx(90 + MARGIN_MS)
    assert _after([0] * 50 + [90] + [0] * (history - 2)).target_ms == pytest.approx(90 + MARGIN_MS)
    assert _after([0] * 50 + [90] + [0] * (history + 2)).target_ms == MIN_TARGET_MS


def test_the_target_is_bounded() -> None:
    assert _after([0] * 50 + [900]).target_ms == MAX_TARGET_MS


def test_copies_are_waited_for_until_they_stop_coming() -> None:
    arrivals = _after([0] * 5)

    def receive(index: int, copies_ms: float) -> float:
        arrivals.receive(index * PACKET_MS * 48, 1000 + index * PACKET_MS, copies_ms)
        return arrivals.target_ms

    assert receive(5, 180) == MIN_TARGET_MS + 180
    assert receive(6, 300) == MIN_TARGET_MS + 300
    assert receive(100, 0) == MIN_TARGET_MS + 300
    targets = [receive(100 + index, 0) for index in range(1, COPIES_PACKETS)]
    assert targets[-3:] == [MIN_TARGET_MS + 300, MIN_TARGET_MS + 300, MIN_TARGET_MS]


def test_jitter_is_waited_for_besides_the_copies() -> None:
    arrivals = _after([0] * 5)
    arrivals.receive(5 * PACKET_MS * 48, 1000 + 5 * PACKET_MS + 50, 180)
    assert arrivals.target_ms == pytest.approx(180 + 50 + MARGIN_MS)


def test_a_standstill_lengthens_the_target_unless_a_copy_ended_it_in_time() -> None:
    arrivals = _after([0] * 5)
    arrivals.receive(5 * PACKET_MS * 48, 1000 + 5 * PACKET_MS, 180)
    arrivals.waited(4 * PACKET_MS * 48, 1000 + 4 * PACKET_MS + 120)
    assert arrivals.target_ms == MIN_TARGET_MS + 180
    assert arrivals.baseline_ms == 1000
    arrivals.waited(4 * PACKET_MS * 48, 1000 + 4 * PACKET_MS + 240)
    assert arrivals.target_ms == 180 + 60 + MARGIN_MS


def test_a_longer_path_becomes_the_new_baseline() -> None:
    arrivals = _after([0] * 50 + [900] * 10)
    assert arrivals.target_ms == MIN_TARGET_MS
    assert arrivals.delay_ms(60 * PACKET_MS * 48, 1000 + 60 * PACKET_MS + 900) == 0


def test_drift_moves_the_baseline_along() -> None:
    for drift in (2e-4, -2e-4):
        arrivals = _after([0] * 5000, drift)
        assert arrivals.target_ms == MIN_TARGET_MS
        now_ms = 1000 + 5000 * PACKET_MS * (1 + drift)
        assert abs(arrivals.delay_ms(5000 * PACKET_MS * 48, now_ms)) < 3


def test_a_packet_of_another_stream_is_not_related() -> None:
    arrivals = _after([0] * 5)
    assert arrivals.is_related(48_000, 2000 + MAX_STEP_MS)
    assert not arrivals.is_related(48_000, 2000 + MAX_STEP_MS + 1)
    assert not arrivals.is_related(10**9, 2000)
