"""What is counted while a call runs."""

from __future__ import annotations

import pytest

from node.call.stats import CallStats


def test_rates_hold_while_talking() -> None:
    tally = CallStats(0.0, "lean")
    assert tally.speech_payload_kbps() is None
    assert tally.speech_wire_kbps() is None
    for voiced, size in ((True, 105), (True, 115), (False, 20)):
        tally.speech_out.add(size, voiced, duration_ms=120)
        tally.meter.datagram("sent", b"\x80\x60" + bytes(size + 20), "127.0.0.1")
    assert tally.speech_payload_kbps() == pytest.approx(110 * 8 / 120)
    assert tally.speech_wire_kbps() == pytest.approx((110 + 50) * 8 / 120)


def test_silence_has_no_rate_while_talking() -> None:
    tally = CallStats(0.0, "lean")
    tally.speech_out.add(20, voiced=False, duration_ms=120)
    tally.meter.datagram("sent", b"\x80\x60" + bytes(40), "127.0.0.1")
    assert tally.speech_payload_kbps() is None
    assert tally.speech_wire_kbps() is None


def test_the_length_of_a_call_stops_at_its_end() -> None:
    tally = CallStats(10.0, "lean")
    assert tally.seconds(14.0) == 4.0
    tally.ended = 15.0
    assert tally.seconds(99.0) == 5.0
    assert CallStats(10.0, "lean").seconds(10.0) > 0  # it is divided by
