"""Settings that follow losses, links and their user."""

from __future__ import annotations

import pytest

from node.speech.profiles import CLEAR, LEAN, RICH, TOUGH, Profile, custom
from node.speech.rate_controller import FEC_PERCENT, RateController
from protocol.rtp.receiver_reports import Report


def steering(profile: Profile, max_kbps: float | None = None) -> RateController:
    return RateController(profile, max_kbps, 0.0, lambda: True)


def after(one: RateController, *lost: int, expected: int = 16, peer: str = "b") -> list[Profile]:
    """What is talked by after each of these reports."""
    return [one.report(peer, Report(expected, count, 1.0, None), float(now)) for now, count in enumerate(lost)]


def test_copies_reach_as_far_back_as_losses_ask_for() -> None:
    told = after(steering(TOUGH), 0, *[2] * 12, *[0, 6] * 10)  # one by one, and then in bursts
    assert [told[0].redundancy, told[12].redundancy, told[-1].redundancy] == [2, 1, 2]


def test_the_worst_link_decides_how_far_until_it_is_gone() -> None:
    one = steering(TOUGH)
    after(one, *[2] * 12)
    after(one, *[0, 6] * 10, peer="c")
    assert one.profile.redundancy == 2
    one.forget("c")
    assert after(one, 2)[-1].redundancy == 1


def test_a_distance_that_a_person_chose_stays() -> None:
    told = after(steering(custom(TOUGH, redundancy=1)), *[0, 6] * 10)
    assert {profile.redundancy for profile in told} == {1}


def test_a_rich_profile_has_fec_while_packets_are_lost() -> None:
    told = after(steering(RICH), 0, 2, 2, *[0] * 20, expected=20)
    assert [told[place].fec_percent for place in (0, 1, 5, -1)] == [0, FEC_PERCENT, FEC_PERCENT, 0]


@pytest.mark.parametrize("profile", [LEAN, CLEAR])
def test_where_libopus_writes_none_none_is_asked_for(profile: Profile) -> None:
    assert set(after(steering(profile), *[4] * 10)) == {profile}


def test_it_follows_the_link_until_a_person_chooses() -> None:
    one = steering(LEAN, max_kbps=40.0)
    assert one.adapts
    for now in range(1, 8):
        one.report("b", Report(8, 0, 1.0, 0.05), float(now))
    assert one.profile == RICH
    assert one.choose(CLEAR) == CLEAR
    assert not one.adapts
    assert not one.is_trying(9.0)
    assert one.report("b", Report(8, 0, 1.0, 3.0), 9.0) == CLEAR


def test_it_may_be_told_to_follow_again() -> None:
    one = steering(CLEAR)
    assert one.follow(12.0, 0.0) == LEAN
    assert one.adapts
    assert one.choose(CLEAR) == CLEAR
