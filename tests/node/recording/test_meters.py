"""What a recording keeps of a node's counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from node.call.stats import CallStats
from node.recording.meters import read


def _node(delay_ms: float | None) -> Any:
    tally = CallStats(0.0, "lean")
    tally.speech_in.lost, tally.speech_in.concealed_ms = 3, 240.4
    tally.meter.sent["rtp"].add(170)
    tally.said.add(-20.04, 1.0)
    return SimpleNamespace(count=lambda: tally, delay_ms=lambda: delay_ms)


def test_what_is_known_is_told_and_nothing_else() -> None:
    values = read(_node(None))
    assert values == {
        "sent_bytes": 170,
        "received_bytes": 0,
        "lost": 3,
        "late": 0,
        "concealed_ms": 240,
        "underruns": 0,
        "said_dbfs": -20.0,
    }
    assert read(_node(201.26)) == {**values, "delay_ms": 201.3}
