"""Recorded packets under new RTP numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.rtp.renumbering import RtpRenumberer


def test_losses_and_pauses_stay_what_they_were() -> None:
    numbers = RtpRenumberer(first=65_534)
    packets = [(10, 0), (11, 5760), (13, 17_280), (12, 11_520), (14, 72_000)]
    times = [100.0, 100.12, 100.36, 100.37, 101.5]
    new = [numbers.renumber(*packet, now) for packet, now in zip(packets, times, strict=True)]
    assert [sequence for sequence, _ in new] == [65_534, 65_535, 1, 0, 2]
    assert [timestamp for _, timestamp in new] == [timestamp for _, timestamp in packets]


def test_where_the_recording_jumps_the_numbers_go_on_and_the_time_was_silence() -> None:
    numbers = RtpRenumberer(first=5)
    numbers.renumber(100, 0, 10.0)
    assert numbers.renumber(40_000, 3_000_000_000, 12.0) == (6, 96_000)
    assert numbers.renumber(40_001, 3_000_005_760, 12.12) == (7, 101_760)
    assert numbers.renumber(40_002, 3_000_011_520, 20.0) == (8, 101_760 + round(7.88 * 48_000))  # it was paused


def test_packets_without_numbers_get_one_after_the_other() -> None:
    numbers = RtpRenumberer(first=65_535)
    assert [numbers.renumber(None, 5760 * count, 1 + 0.12 * count)[0] for count in range(3)] == [65_535, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 2**32 - 1), st.floats(0, 10)), max_size=20))
def test_numbers_are_always_such(packets: list[tuple[int, int, float]]) -> None:
    numbers, now = RtpRenumberer(first=1), 1000.0
    for sequence, timestamp, later in packets:
        now += later
        new_sequence, new_timestamp = numbers.renumber(sequence, timestamp, now)
        assert 0 <= new_sequence < 1 << 16
        assert 0 <= new_timestamp < 1 << 32
