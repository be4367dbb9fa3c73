"""What is sent of a pause."""

from __future__ import annotations

import pytest

from node.speech.pauses import HANGOVER_MS, DtxDecision, DtxGate

WHOLE, END, NOTHING = DtxDecision.WHOLE, DtxDecision.END, DtxDecision.NOTHING


def judged(voices: str, packet_ms: int = 120) -> list[DtxDecision]:
    """The judgement of packets, `v` with a voice and `.` without."""
    pauses = DtxGate()
    return [pauses.judge(voice == "v", packet_ms) for voice in voices]


def test_a_talk_begins_in_silence() -> None:
    assert judged("...v") == [NOTHING, NOTHING, NOTHING, WHOLE]


@pytest.mark.parametrize("packet_ms", [20, 60, 120])
def test_a_pause_is_begun_ended_and_not_sent(packet_ms: int) -> None:
    begun = HANGOVER_MS // packet_ms
    assert judged("v" + "." * (begun + 3), packet_ms) == [*[WHOLE] * begun, END, *[NOTHING] * 3]


def test_a_short_pause_is_sent() -> None:
    assert judged("v..v..v") == [WHOLE] * 7


def test_each_pause_has_one_end() -> None:
    assert judged("v....v....").count(END) == 2
