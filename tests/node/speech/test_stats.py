"""Counts of speech."""

from __future__ import annotations

from node.speech.stats import MAX_DELAYS, SpeechIn, SpeechOut


def test_speech_is_counted_with_and_without_a_voice_in_it() -> None:
    out = SpeechOut()
    out.add(100, voiced=True, duration_ms=120)
    out.add(20, voiced=False, duration_ms=120, late=True)
    assert out == SpeechOut(packets=2, payload=120, voiced_packets=1, voiced_payload=100, voiced_ms=120, late=1)


def test_delays_are_bounded() -> None:
    delays = SpeechIn().mouth_to_ear_ms
    delays.extend(range(MAX_DELAYS + 3))
    assert (len(delays), next(iter(delays))) == (MAX_DELAYS, 3)
