"""Finding what a link carries, on simulated links and a clock that the test turns."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from simulated_link import SimulatedLink

from node.speech.profiles import CLEAR, LEAN, LOWEST, RICH, TEXT, Profile
from node.speech.rate_ladder import BARRED_S, CLEAN_OF_LOSS_S, LADDER_WITH_TEXT, ProfileLadder
from node.speech.rates import wire_kbps
from protocol.rtp.receiver_reports import Report

CAPACITIES = [(10.0, LOWEST), (14.0, LEAN), (20.0, CLEAR), (40.0, RICH)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kbps", "best"), CAPACITIES)
def test_the_best_profile_is_found_within_ten_seconds_and_kept(kbps: float, best: object, seed: int) -> None:
    link, adaptation = SimulatedLink(kbps, seed=seed), ProfileLadder(40.0, now=0.0)
    assert link.run(adaptation, 10.0) == best
    link.changes.clear()
    assert link.run(adaptation, BARRED_S - 20, start=10.0) == best
    assert link.changes == []


@pytest.mark.parametrize(("max_kbps", "best"), [(8.0, LOWEST), (10.0, LOWEST), (12.0, LEAN), (16.0, CLEAR)])
def test_the_users_limit_holds(max_kbps: float, best: Profile) -> None:
    link, adaptation = SimulatedLink(100.0), ProfileLadder(max_kbps, now=0.0)
    assert link.run(adaptation, 60.0).name == best.name
    assert all(wire_kbps(profile) <= max(max_kbps, wire_kbps(LOWEST)) for _, profile in link.changes)


@pytest.mark.parametrize(
    ("max_kbps", "name", "fills"), [(9.2, "lowest", False), (10.2, "lean", False), (10.6, "lean", True)]
)
def test_the_high_band_is_given_up_before_the_bitrate(max_kbps: float, name: str, fills: bool) -> None:
    profile = ProfileLadder(max_kbps, now=0.0).profile
    assert (profile.name, profile.high_band) == (name, fills)
    assert wire_kbps(profile) <= max_kbps


@pytest.mark.parametrize("kbps", [11.0, 12.0, 16.0, 25.0])
def test_a_steady_link_is_left_in_peace_for_hours(kbps: float) -> None:
    link, adaptation = SimulatedLink(kbps), ProfileLadder(40.0, now=0.0)
    link.run(adaptation, 10.0)
    link.changes.clear()
    link.run(adaptation, 4 * 3600.0, start=10.0)
    assert len(link.changes) <= 4 * 5  # a trial and back, by way of draining, after 10 minutes, 20, 40, 80, 160


@pytest.mark.parametrize(("kbps", "best"), CAPACITIES)
def test_who_only_listens_now_and_then_settles_as_well(kbps: float, best: object) -> None:
    link, adaptation = SimulatedLink(kbps), ProfileLadder(40.0, now=0.0)
    link.run(adaptation, 60.0, talk_share=0.5)
    link.changes.clear()
    after = link.run(adaptation, 300.0, start=60.0, talk_share=0.5)
    assert wire_kbps(after) >= wire_kbps(best)  # type: ignore[arg-type]
    assert len(link.changes) <= 2


def test_a_link_that_becomes_slower_is_followed_within_seconds() -> None:
    link, adaptation = SimulatedLink(40.0), ProfileLadder(40.0, now=0.0)
    assert link.run(adaptation, 20.0) == RICH
    link.kbps = 11.5
    assert link.run(adaptation, 12.0, start=20.0) == LEAN


def test_a_link_that_becomes_faster_is_tried_again() -> None:
    link, adaptation = SimulatedLink(12.0), ProfileLadder(40.0, now=0.0)
    assert link.run(adaptation, 20.0) == LEAN
    link.kbps = 40.0
    assert link.run(adaptation, BARRED_S + 30, start=20.0) == RICH


@pytest.mark.parametrize(("max_kbps", "base"), [(20.0, LEAN), (16.0, LOWEST)])
def test_loss_without_a_queue_is_answered_by_copies(max_kbps: float, base: object) -> None:
    link, adaptation = SimulatedLink(100.0, loss=0.1), ProfileLadder(max_kbps, now=0.0)
    link.run(adaptation, 30.0)
    found = adaptation.profile
    assert found.redundancy == 1
    assert wire_kbps(found) <= max_kbps
    assert found.bitrate == base.bitrate  # type: ignore[attr-defined]


def test_copies_go_when_the_loss_is_over() -> None:
    link, adaptation = SimulatedLink(100.0, loss=0.1), ProfileLadder(20.0, now=0.0)
    assert link.run(adaptation, 30.0).redundancy == 1
    link.loss = 0.0
    assert link.run(adaptation, CLEAN_OF_LOSS_S - 5, start=30.0).redundancy == 1
    assert link.run(adaptation, 30.0, start=25.0 + CLEAN_OF_LOSS_S).redundancy == 0


def test_where_there_is_no_room_for_copies_there_are_none() -> None:
    link, adaptation = SimulatedLink(100.0, loss=0.1), ProfileLadder(12.0, now=0.0)
    assert link.run(adaptation, 60.0) == LEAN


def test_nothing_is_given_up_for_copies_that_nobody_takes() -> None:
    link, adaptation = SimulatedLink(100.0, loss=0.1), ProfileLadder(16.0, now=0.0, takes_copies=lambda: False)
    assert link.run(adaptation, 60.0) == LEAN
    assert not any(profile.redundancy for _, profile in link.changes)


def test_silence_tells_nothing() -> None:
    adaptation = ProfileLadder(40.0, now=0.0)
    for now in range(60):
        assert adaptation.report("b", Report(0, 0, 0.0, 0.05), now) == LEAN


def test_the_worst_link_decides_until_its_peer_is_gone() -> None:
    adaptation = ProfileLadder(40.0, now=0.0)
    for now in range(20):
        adaptation.report("b", Report(8, 0, 1.0, 0.05), now)
        adaptation.report("c", Report(8, 0, 1.0, 0.05 + 0.04 * now), now)
    assert adaptation.profile == LOWEST
    adaptation.forget("c")
    for now in range(20, 20 + 2 * round(BARRED_S)):
        adaptation.report("b", Report(8, 0, 1.0, 0.05), now)
    assert adaptation.profile != LOWEST


def test_packets_that_nobody_acknowledges_tell_of_a_queue_before_round_trips_do() -> None:
    adaptation = ProfileLadder(40.0, now=0.0)
    for now in range(1, 5):
        adaptation.report("b", Report(8, 0, 1.0, 0.05, 0.02), float(now))
    assert adaptation.profile == CLEAR
    adaptation.report("b", Report(8, 0, 20.0, 0.05, 0.5), 5.0)
    assert adaptation.profile == LEAN


def test_a_queue_on_the_way_back_is_left_to_the_peer() -> None:
    adaptation = ProfileLadder(40.0, now=0.0)
    for now in range(1, 5):
        adaptation.report("b", Report(8, 0, 1.0, 0.05), float(now))
    assert adaptation.profile == CLEAR
    for now in range(5, 30):
        queue_s = min(0.3 * (now - 4), 1.2)
        adaptation.report("b", Report(8, 0, 1.0, 0.05 + queue_s, behind_s=queue_s), float(now))
        assert adaptation.profile in (CLEAR, RICH)


def test_a_step_down_that_is_not_enough_is_followed_by_another_at_once() -> None:
    adaptation = ProfileLadder(40.0, now=0.0)
    for now in range(1, 8):
        adaptation.report("b", Report(8, 0, 1.0, 0.05), float(now))
    assert adaptation.profile == RICH
    adaptation.report("b", Report(16, 0, 20.0, 0.3), 8.0)
    assert adaptation.profile == CLEAR
    adaptation.report("b", Report(16, 0, 30.0, 0.9), 9.2)
    assert adaptation.profile == LEAN
    adaptation.report("b", Report(8, 0, 10.0, 0.8), 10.4)
    assert adaptation.profile == LEAN


def test_reports_are_wanted_every_second_only_while_something_may_change() -> None:
    link, adaptation = SimulatedLink(14.0), ProfileLadder(40.0, now=0.0)
    assert adaptation.is_trying(0.0)
    link.run(adaptation, 20.0)
    assert not adaptation.is_trying(20.0)
    assert adaptation.is_trying(20.0 + BARRED_S)


def test_a_long_way_is_no_queue_whenever_packets_leave() -> None:
    """What is under way on a path of 200 ms is between 80 and 200 ms old when a report comes, by chance."""
    draw, adaptation = random.Random(1), ProfileLadder(40.0, now=0.0)
    for now in range(1, 300):
        adaptation.report("b", Report(8, 0, 1.0, 0.2, draw.uniform(0.08, 0.2)), float(now))
    assert adaptation.profile == RICH


def test_a_packet_lost_last_is_no_queue() -> None:
    draw, adaptation, told = random.Random(2), ProfileLadder(16.0, now=0.0, takes_copies=lambda: False), set()
    for now in range(1, 300):
        lost = draw.random() < 0.02
        outstanding_s = 0.06 + 0.12 * 2 * lost
        told.add(adaptation.report("b", Report(8, 0, 1.0, 0.06, outstanding_s), float(now)).name)
    assert LOWEST.name not in told
    assert adaptation.profile == CLEAR


# -- with text below all speech


@pytest.mark.parametrize("seed", range(3))
def test_where_not_even_the_least_fits_words_go_and_sound_is_tried_again(seed: int) -> None:
    link = SimulatedLink(5.0, seed=seed)
    adaptation = ProfileLadder(40.0, 0.0, LADDER_WITH_TEXT)
    assert link.run(adaptation, 30.0) == TEXT
    link.changes.clear()
    link.run(adaptation, BARRED_S - 40, start=30.0)
    assert len(link.changes) <= 4  # a step that was proven for a moment may be tried once more
    link.kbps = 40.0
    assert link.run(adaptation, 2 * BARRED_S, start=BARRED_S - 10) == RICH


def test_text_never_carries_copies_and_a_limit_below_all_sound_means_text() -> None:
    lossy, least = ProfileLadder(9.2, 0.0, LADDER_WITH_TEXT), replace(LOWEST, high_band=False)
    assert lossy.profile == least
    assert SimulatedLink(100.0, loss=0.2).run(lossy, 60.0) == least
    assert ProfileLadder(5.0, 0.0, LADDER_WITH_TEXT).profile == TEXT
