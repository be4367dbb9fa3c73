"""Level meters."""

from __future__ import annotations

import math

import pytest

from node.speech.levels import BARS, FALL_DB_PER_S, LevelMeter, bar


def test_it_rises_at_once_and_falls_slowly() -> None:
    level = LevelMeter()
    assert not level.started
    level.add(-20, 0.02)
    assert level.started
    level.add(-math.inf, 0.5)
    assert level.shown_dbfs == pytest.approx(-20 - FALL_DB_PER_S / 2)
    level.add(-10, 0.02)
    assert level.shown_dbfs == -10


def test_the_mean_leaves_pauses_out() -> None:
    level = LevelMeter()
    assert level.mean_dbfs is None
    for dbfs in (-20, -70, -math.inf, -20):
        level.add(dbfs, 1)
    assert level.mean_dbfs == pytest.approx(-20)
    level.add(-30, 2)
    assert -30 < (level.mean_dbfs or 0) < -20


@pytest.mark.parametrize(("dbfs", "full"), [(-math.inf, 0), (-90, 0), (-60, 0), (-33, 5), (-6, BARS), (0, BARS)])
def test_a_bar_is_full_from_the_left(dbfs: float, full: int) -> None:
    level = LevelMeter()
    level.add(dbfs, 0.02)
    assert bar(level) == "▮" * full + "▯" * (BARS - full)
