"""What is counted while a call runs."""

from __future__ import annotations

import pytest

from node.call.stats import MAX_DELAYS, CallStats, PicturesOut, SpeechIn, SpeechOut


def test_a_sent_picture_is_added_up() -> None:
    out = PicturesOut()
    assert out.ratio is None
    out.add("a cat", bits=40, frame_bytes=12, wire_bytes=130, raw_bits=24_000)
    out.add("a dog on a sofa", bits=120, frame_bytes=22, wire_bytes=140, raw_bits=24_000)
    assert (out.sent, out.caption_bits, out.frame_bytes, out.wire_bytes) == (2, 160, 34, 270)
    assert (out.last_caption, out.last_bits) == ("a dog on a sofa", 120)
    assert out.ratio == 300


def test_speech_is_counted_with_and_without_a_voice_in_it() -> None:
    out = SpeechOut()
    out.add(100, voiced=True, duration_ms=120)
    out.add(20, voiced=False, duration_ms=120, late=True)
    assert out == SpeechOut(packets=2, payload=120, voiced_packets=1, voiced_payload=100, voiced_ms=120, late=1)


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


def test_delays_are_bounded() -> None:
    delays = SpeechIn().mouth_to_ear_ms
    delays.extend(range(MAX_DELAYS + 3))
    assert (len(delays), next(iter(delays))) == (MAX_DELAYS, 3)
