"""When a stage is live, and what it is called when it is not."""

from __future__ import annotations

import pytest

from protocol.audience.live_rule import LIVE_WITHIN_MS, LiveRule, LiveState, Standing

CLOCK = 1_800_000_000_000


@pytest.mark.parametrize(("off", "is_of_now"), [(0, True), (30_000, True), (-30_000, True), (30_001, False)])
def test_of_now_is_within_thirty_seconds(off: int, is_of_now: bool) -> None:
    assert LiveRule.is_of_now(CLOCK + off, CLOCK) is is_of_now


def test_it_is_live_from_the_first_and_silent_thirty_seconds_after_the_last() -> None:
    rule = LiveRule()
    assert rule.count(CLOCK, False, 5.0, CLOCK)
    assert not rule.count(CLOCK + 10_000, False, 15.0, CLOCK + 10_000)
    assert rule.deadline() == 15.0 + LIVE_WITHIN_MS / 1000
    assert not rule.handle_timer(44.9)
    assert rule.handle_timer(45.0)
    assert (rule.standing.state, rule.deadline()) == (LiveState.SILENT, None)


def test_times_have_to_rise() -> None:
    rule = LiveRule()
    rule.count(CLOCK, False, 0.0, CLOCK)
    assert rule.rises(CLOCK + 1)
    assert not rule.rises(CLOCK)


def test_after_the_end_what_came_before_does_not_bring_it_back() -> None:
    rule = LiveRule()
    rule.count(CLOCK, False, 0.0, CLOCK)
    assert rule.count(CLOCK + 1, True, 1.0, CLOCK + 1)
    assert (rule.standing.state, rule.deadline()) == (LiveState.ENDED, None)
    assert not rule.rises(CLOCK)
    assert not rule.refuse(CLOCK, False, CLOCK + 60_000)
    assert rule.standing.state is LiveState.ENDED


def test_what_is_old_or_ahead_is_named_once_and_anew_when_it_moves() -> None:
    rule = LiveRule()
    assert rule.refuse(CLOCK - 600_000, False, CLOCK)
    assert rule.standing == Standing(LiveState.OLD, -600_000)
    assert not rule.refuse(CLOCK - 590_000, False, CLOCK + 10_000)
    assert rule.refuse(CLOCK - 400_000, False, CLOCK + 20_000)
    assert rule.refuse(CLOCK + 900_000, False, CLOCK)
    assert rule.standing.state is LiveState.AHEAD


def test_what_is_live_stays_so_whatever_is_sent_beside() -> None:
    rule = LiveRule()
    rule.count(CLOCK, False, 0.0, CLOCK)
    assert not rule.refuse(CLOCK - 600_000, False, CLOCK)
    assert not rule.refuse(CLOCK + 600_000, False, CLOCK)
    assert not rule.refuse_key()
    assert rule.standing.live


def test_another_key_is_named_while_nothing_else_is_known() -> None:
    rule = LiveRule()
    assert rule.refuse_key()
    assert not rule.refuse_key()
    assert rule.count(CLOCK, False, 0.0, CLOCK)


def test_the_end_of_long_ago_is_the_end() -> None:
    rule = LiveRule()
    assert rule.refuse(CLOCK - 3_600_000, True, CLOCK)
    assert rule.standing.state is LiveState.ENDED
