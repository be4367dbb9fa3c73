from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.speech.loss_pattern import LossPattern

PACKETS = 17  # of 120 ms, between two reports


def reports(share: float, burst: int, seed: int, packets: int = PACKETS) -> Iterator[tuple[int, int]]:
    """Endless reports over a link that loses in bursts."""
    draw, left = random.Random(seed), 0
    while True:
        lost = 0
        for _ in range(packets):
            if not left and draw.random() < share / (burst * (1 - share) + share):
                left = burst
            if left:
                left, lost = left - 1, lost + 1
        yield packets, lost


def pattern(share: float, burst: int, seed: int, count: int) -> LossPattern:
    losses = LossPattern()
    for expected, lost in islice(reports(share, burst, seed), count):
        losses.add(expected, lost)
    return losses


@pytest.mark.parametrize("share", [0.1, 0.15, 0.2])
def test_single_losses_want_the_near_copy(share: float) -> None:
    chosen = [pattern(share, 1, seed, 20).distance for seed in range(200)]
    assert chosen.count(1) >= 180


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_bursts_want_the_far_copy(share: float) -> None:
    chosen = [pattern(share, 3, seed, 20).distance for seed in range(200)]
    assert chosen.count(2) >= 170


def test_the_length_of_bursts_is_estimated() -> None:
    for burst in (1, 3):
        mean = sum(pattern(0.1, burst, seed, 20).burst or 1 for seed in range(200)) / 200
        assert mean == pytest.approx(burst, rel=0.25)


def test_the_share_is_that_of_the_remembered_reports() -> None:
    losses = LossPattern()
    assert losses.share == 0
    losses.add(20, 5)
    losses.add(20, 1)
    assert losses.share == 0.15


def test_little_tells_nothing() -> None:
    losses = LossPattern()
    for lost in (0, 0, 0, 4, 0, 0, 3):
        losses.add(17, lost)
    assert (losses.burst, losses.distance) == (None, None)


def test_bursts_that_end_are_forgotten() -> None:
    losses = LossPattern()
    for expected, lost in islice(reports(0.2, 4, 3), 20):
        losses.add(expected, lost)
    assert losses.distance == 2
    for _ in range(20):
        losses.add(17, 2)
    assert losses.distance == 1


@given(st.lists(st.tuples(st.integers(-5, 100), st.integers(-5, 100)), max_size=60))
def test_any_reports_give_a_share_and_a_distance(given_reports: list[tuple[int, int]]) -> None:
    losses = LossPattern()
    for expected, lost in given_reports:
        losses.add(expected, lost)
        assert 0 <= losses.share <= 1
        assert losses.burst is None or losses.burst >= 1
        assert losses.distance in (None, 1, 2)
