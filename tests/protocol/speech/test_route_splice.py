"""One stream from two ways: whatever comes, each sound once, under numbers that tell losses from pauses."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from protocol.speech.jitter import MAX_BROKER_TARGET_MS
from protocol.speech.playout import Play, Playout
from protocol.speech.route_splice import REMEMBERED, RouteSplice

PACKET = b"\x19" + bytes(20)  # two frames of 60 ms
STEP = 5760
LINK, BROKER = 1, "broker"


def test_one_way_keeps_its_numbers() -> None:
    splice = RouteSplice()
    assert [splice.number(LINK, (65530 + n) % 65536, n * STEP, PACKET) for n in range(10)] == [
        (65530 + n) % 65536 for n in range(10)
    ]
    assert splice.number(LINK, 4, 20 * STEP, PACKET) == 4


def test_numbers_go_on_where_the_way_changes() -> None:
    splice = RouteSplice()
    assert [splice.number(BROKER, n, n * STEP, PACKET) for n in range(3)] == [0, 1, 2]
    assert [splice.number(LINK, 900 + n, n * STEP, PACKET) for n in range(3, 6)] == [3, 4, 5]
    assert [splice.number(BROKER, n, n * STEP, PACKET) for n in range(6, 9)] == [6, 7, 8]


def test_what_still_comes_by_the_slower_way_finds_its_place() -> None:
    splice = RouteSplice()
    splice.number(BROKER, 0, 0, PACKET)
    assert splice.number(LINK, 77, 3 * STEP, PACKET) == 3
    assert splice.number(BROKER, 1, STEP, PACKET) == 1
    assert splice.number(BROKER, 2, 2 * STEP, PACKET) == 2
    assert splice.number(LINK, 78, 4 * STEP, PACKET) == 4


def test_what_comes_both_ways_is_taken_once() -> None:
    splice = RouteSplice()
    for n in range(20):
        assert splice.number(LINK, n, n * STEP, PACKET) == n
        assert splice.number(BROKER, 500 + n, n * STEP, PACKET) is None
    assert splice.number(BROKER, 520, 20 * STEP, PACKET) == 20


def test_a_change_in_a_pause_is_no_loss() -> None:
    splice = RouteSplice()
    splice.number(LINK, 5, 0, PACKET)
    assert splice.number(BROKER, 9, 100 * STEP, PACKET) == 6
    assert splice.number(BROKER, 10, 101 * STEP, PACKET) == 7


def test_what_is_long_past_is_left_out() -> None:
    splice = RouteSplice()
    splice.number(LINK, 5, 100 * STEP, PACKET)
    assert splice.number(BROKER, 9, 0, PACKET) is None


def test_speech_goes_on_where_another_way_has_another_clock() -> None:
    """After eleven days the broker's time begins anew, and there and back is a step of hours."""
    splice, playout, now, played = RouteSplice(), Playout(), 0.0, 0
    ways = [(LINK, 0), (BROKER, 1 << 30), (LINK, 0), (BROKER, 3 << 30), (LINK, 0)]
    for turn, (way, shift) in enumerate(ways):
        for n in range(turn * 20, turn * 20 + 20):
            timestamp = (n * STEP + shift) % 2**32
            number = splice.number(way, n, timestamp, PACKET)
            assert number == n
            playout.receive(number, timestamp, PACKET, n * 0.12)
            while now < n * 0.12:
                event = playout.take(now)
                played += isinstance(event, Play)
                now += 0.06 / event.speed if isinstance(event, Play) else event.ms / 1000
    assert played > 180
    assert (playout.stats.restarts, playout.stats.lost) == (4, 0)


def test_who_was_silent_for_half_a_day_is_heard_by_another_way() -> None:
    """So far on, the wrapping timestamp looks like one of the past."""
    splice = RouteSplice()
    splice.number(LINK, 5, 0, PACKET)
    later = 15 * 3600 * 48_000
    assert [splice.number(2, 900 + n, later + n * STEP, PACKET) for n in range(3)] == [6, 7, 8]
    assert splice.number(BROKER, 40, later + 3 * STEP, PACKET) == 9
    assert splice.number(2, 902, later + 2 * STEP, PACKET) is None


def test_timestamps_wrap() -> None:
    splice = RouteSplice()
    assert splice.number(LINK, 5, 2**32 - STEP, PACKET) == 5
    assert splice.number(BROKER, 9, 0, PACKET) == 6


def test_speech_changes_its_way_and_back_without_a_gap_or_an_echo() -> None:
    """The broker takes 180 ms, the link 20."""
    arrivals = []
    for n in range(200):
        way, delay = (LINK, 0.02) if 60 <= n < 130 else (BROKER, 0.18)
        arrivals.append(((n + 1) * 0.12 + delay, way, 500 + n if way == LINK else n, n * STEP))
    splice, playout, now, played = RouteSplice(), Playout(), 0.0, []
    playout.longest_target_ms = MAX_BROKER_TARGET_MS
    for at, way, sequence, timestamp in sorted(arrivals, key=lambda arrival: arrival[0]):
        while now < at:
            event = playout.take(now)
            if isinstance(event, Play):
                played.append(event.timestamp)
            now += 0.06 / event.speed if isinstance(event, Play) else event.ms / 1000
        number = splice.number(way, sequence, timestamp, PACKET)
        assert number is not None
        playout.receive(number, timestamp, PACKET, at)
    assert played == list(range(0, played[-1] + 1, STEP // 2))
    assert (playout.stats.restarts, playout.stats.lost, playout.stats.late) == (0, 0, 0)
    assert playout.stats.concealed_ms < 200  # where the way back is longer, speech waits for it once


@given(st.lists(st.tuples(st.sampled_from([LINK, 2, BROKER]), st.integers(0, 65535), st.integers(0, 2**32 - 1))))
def test_any_numbers_are_borne_and_few_remembered(packets: list[tuple[object, int, int]]) -> None:
    splice = RouteSplice()
    for way, sequence, timestamp in packets:
        number = splice.number(way, sequence, timestamp, b"")
        assert number is None or 0 <= number < 65536


def test_little_is_remembered() -> None:
    splice, rng = RouteSplice(), random.Random(1)
    for n in range(10 * REMEMBERED):
        splice.number(LINK, n % 65536, rng.getrandbits(32), PACKET)
    assert len(vars(splice)["_seen"]) <= REMEMBERED
