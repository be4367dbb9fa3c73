"""When RTCP reports leave and what is in them, on a clock turned by hand."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.rtp.receiver_reports import EVERY_S, MAX_PACKETS, MAX_SENT, ReportBlock, Reporting


def block(**fields: Any) -> ReportBlock:
    default = {
        "ssrc": 1, "fraction_lost": 99, "packets_lost": 0, "highest_sequence": 100, "jitter": 0, "lsr": 0, "dlsr": 0,
    }  # fmt: skip
    return ReportBlock(**{**default, **fields})


def when_due(reporting: Reporting, seconds: int, peer_every: int | None = None) -> tuple[list[int], list[int]]:
    """Asks once a second, as aiortc does; returns when reports and when answers left."""
    reports, answers = [], []
    for now in range(seconds):
        if peer_every and now % peer_every == 0:
            reporting.sender_report_received(now)
        if reporting.answer_is_due(now):
            reporting.blocks(now)
            answers.append(now)
        if reporting.report_is_due(now):
            reporting.blocks(now)
            reporting.report_sent(now, now)
            reports.append(now)
    return reports, answers


def test_a_quiet_link_reports_every_five_seconds_in_one_packet() -> None:
    assert when_due(Reporting(), 21, peer_every=5) == ([0, 5, 10, 15, 20], [])


def test_who_is_eager_reports_every_second() -> None:
    reporting = Reporting()
    reporting.eager = True
    assert when_due(reporting, 5)[0] == [0, 1, 2, 3, 4]


def test_an_eager_peer_is_answered_every_second() -> None:
    reporting = Reporting()
    reports, answers = when_due(reporting, 11, peer_every=1)
    assert reports == [0, 5, 10]
    assert answers == [1, 2, 3, 4, 6, 7, 8, 9]


def test_answers_do_not_make_a_peer_eager() -> None:
    reporting = Reporting()
    for now in range(10):
        reporting.read_block(block(), now)
    assert not reporting.answer_is_due(20)


def test_trouble_is_told_within_two_seconds() -> None:
    for bad in ({"packets_lost": 1}, {"jitter": 48 * 15}):
        reporting = Reporting()
        assert when_due(reporting, 7) == ([0, 5], [])
        reporting.update_blocks([block(**bad)], 7)
        assert reporting.answer_is_due(7)
        reporting.blocks(7)
        assert not reporting.answer_is_due(8)


def test_who_only_receives_reports_as_often() -> None:
    reporting = Reporting()
    due = [now for now in range(16) if reporting.receiver_report_is_due(now) and reporting.blocks(now) is not None]
    assert due == [0, 5, 10, 15]


def test_what_was_received_is_told_as_of_now() -> None:
    reporting = Reporting()
    reporting.update_blocks([block(lsr=5, dlsr=65_536)], 10.0)
    assert [one.dlsr for one in reporting.blocks(11.5)] == [65_536 * 5 // 2]
    reporting.update_blocks([block(lsr=0)], 10.0)
    assert [one.dlsr for one in reporting.blocks(11.5)] == [0]


def test_the_fraction_lost_is_that_since_it_was_told_last() -> None:
    reporting = Reporting()
    told = []
    for lost, highest in ((0, 100), (5, 150), (5, 200), (30, 250), (29, 260), (60, 250)):
        reporting.update_blocks([block(packets_lost=lost, highest_sequence=highest)], 0.0)
        told += [one.fraction_lost for one in reporting.blocks(0.0)]
    assert told == [0, 25, 0, 128, 0, 0]


def test_the_round_trip_is_what_the_peers_wait_leaves() -> None:
    reporting = Reporting()
    reporting.report_sent(0xABCD_0000, 10.0)
    report = reporting.read_block(block(lsr=0xABCD_0000, dlsr=32_768), 10.58)
    assert report.round_trip_s == pytest.approx(0.08)
    assert reporting.read_block(block(lsr=7), 10.6).round_trip_s is None


def test_loss_is_counted_between_reports_over_wraps() -> None:
    reporting = Reporting()
    heard = [
        reporting.read_block(block(packets_lost=lost, highest_sequence=highest, jitter=480), 0.0)
        for lost, highest in ((3, 65_500), (5, 65_530), (6, 4), (6, 65_536 + 14), (4, 20), (6, 10))
    ]
    assert [(report.expected, report.lost) for report in heard] == [(0, 0), (30, 2), (10, 1), (10, 0), (6, 0), (0, 2)]
    assert {report.jitter_ms for report in heard} == {10.0}


def test_what_may_still_be_answered_is_bounded() -> None:
    reporting = Reporting()
    for number in range(10 * MAX_SENT):
        reporting.report_sent(number, number * EVERY_S)
    round_trips = [reporting.read_block(block(lsr=number), 1e6).round_trip_s for number in range(10 * MAX_SENT)]
    assert [one is not None for one in round_trips] == [False] * 9 * MAX_SENT + [True] * MAX_SENT


def test_what_the_peer_does_not_know_of_yet_is_outstanding() -> None:
    reporting = Reporting()
    for sequence in range(65_530, 65_540):
        reporting.packet_sent(sequence % 65_536, sequence / 10)
    assert reporting.read_block(block(highest_sequence=65_533), 6554.0).outstanding_s == pytest.approx(0.6)
    assert reporting.read_block(block(highest_sequence=3), 6554.1).outstanding_s == 0
    assert reporting.read_block(block(highest_sequence=3), 6555.0).outstanding_s == 0


def test_a_report_knows_of_packets_that_came_since_it_was_made() -> None:
    reporting = Reporting()
    reporting.update_blocks([block(highest_sequence=65_535)], 1.0)
    for sequence in (65_534, 2, 1):
        reporting.packet_received(sequence, sequence * 5760, 1.2)
    assert [one.highest_sequence for one in reporting.blocks(1.5)] == [2]
    reporting.update_blocks([block(highest_sequence=3)], 2.0)
    assert [one.highest_sequence for one in reporting.blocks(2.0)] == [3]


def test_packets_under_way_are_bounded() -> None:
    reporting = Reporting()
    for sequence in range(1, 10 * MAX_PACKETS + 1):
        reporting.packet_sent(sequence, float(sequence))
    now = 10.0 * MAX_PACKETS
    assert reporting.read_block(block(highest_sequence=0), now).outstanding_s == MAX_PACKETS - 1


def test_a_peer_whose_packets_come_later_than_they_did_is_behind() -> None:
    reporting = Reporting()
    start = (1 << 32) - 2 * 5760
    for number in range(20):
        queue_s = 0.05 * max(0, number - 9)
        reporting.packet_received(number, (start + number * 5760) % (1 << 32), 10 + number * 0.12 + queue_s)
    assert reporting.read_block(block(), 10 + 19 * 0.12 + 0.5).behind_s == pytest.approx(0.5)
    assert reporting.read_block(block(), 20.0).behind_s == 0


def test_a_packet_that_comes_out_of_order_says_nothing_of_the_queue() -> None:
    reporting = Reporting()
    for number, at in ((0, 1.0), (2, 1.24), (1, 1.9)):
        reporting.packet_received(number, number * 5760, at)
    assert reporting.read_block(block(), 2.0).behind_s == pytest.approx(0.0)
