"""What profiles cost, against what was measured."""

from __future__ import annotations

import pytest

from node.links.outbox import Message
from node.links.wire_meter import IPV4_HEADER, TCP_HEADER
from node.speech.profiles import LEAN, custom, profile
from node.speech.rates import (
    BROKER_HEADERS,
    HEADERS_TEXT,
    broker_kbps,
    high_band_kbps,
    measured_payload_kbps,
    measured_wire_kbps,
    payload_kbps,
    wire_kbps,
)
from protocol.room_secret import RoomSecret
from protocol.speech_sealing import SpeechSealer
from protocol.topics import Letter, Topic


@pytest.mark.parametrize(
    ("name", "payload", "wire"),
    [("lowest", 6.58, 9.52), ("lean", 7.61, 10.55), ("clear", 11.3, 14.25), ("quick", 7.81, 13.68)],
)
def test_named_profiles(name: str, payload: float, wire: float) -> None:
    assert payload_kbps(profile(name)) == pytest.approx(payload, abs=0.01)
    assert wire_kbps(profile(name)) == pytest.approx(wire, abs=0.05)


def test_a_copy_costs_its_payload_and_five_bytes() -> None:
    assert payload_kbps(profile("tough")) == pytest.approx(2 * payload_kbps(LEAN))
    assert wire_kbps(profile("tough")) == pytest.approx(2 * payload_kbps(LEAN) + 49 * 8 / 120)


def test_the_high_band_costs_little_and_nothing_where_there_is_none() -> None:
    assert high_band_kbps(LEAN) == pytest.approx(8 * 8 / 120)
    assert high_band_kbps(LEAN) <= 0.6
    assert [high_band_kbps(profile(name)) for name in ("clear", "rich")] == [0, 0]
    assert high_band_kbps(custom(LEAN, high_band=False)) == high_band_kbps(custom(LEAN, frame_ms=10)) == 0


def test_through_the_broker_a_message_costs_more_and_no_copy_goes_along() -> None:
    headers_kbps = BROKER_HEADERS * 8 / 120
    assert broker_kbps(LEAN) == broker_kbps(profile("tough")) == pytest.approx(payload_kbps(LEAN) + headers_kbps)
    joined = broker_kbps(profile("quick"))  # whose packets lose the high band
    assert joined == broker_kbps(custom(LEAN, high_band=False)) == pytest.approx(7.08 + headers_kbps)
    assert broker_kbps(LEAN) < 2 * wire_kbps(LEAN)


def test_a_message_of_speech_has_the_headers_that_are_counted() -> None:
    secret, node = RoomSecret(bytes(16)), "abcd"
    sealed = SpeechSealer(secret, node, 1).seal(0, bytes(106))
    message = Message(str(Topic(secret.room_id(), node, Letter.SPEECH)), sealed)
    assert message.size + IPV4_HEADER + TCP_HEADER == 106 + BROKER_HEADERS == 191


def test_constant_bitrate_is_what_was_asked_for() -> None:
    assert payload_kbps(custom(LEAN, vbr=False, high_band=False)) == 8.0


def test_rates_between_and_beyond_the_measured_ones_rise() -> None:
    rates = [payload_kbps(custom(LEAN, bitrate=bitrate, high_band=False)) for bitrate in range(500, 128_001, 500)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(127.58)


def test_what_a_packet_costs_besides_its_payload_is_written_out() -> None:
    assert "44 bytes" in HEADERS_TEXT


def test_measured_rates_count_every_packet() -> None:
    assert measured_payload_kbps([90, 150], 120) == pytest.approx(8.0)
    assert measured_wire_kbps([90, 150], 120) == pytest.approx(8.0 + 44 * 8 / 120)
