"""Rows of the speech table that come from calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wirebench import rows


def finding(total: float, **more: Any) -> dict[str, Any]:
    return {
        "payload_kbps": 5.0,
        "speech_kbps": total - 1,
        "rtcp_kbps": 0.2,
        "stun_kbps": 0.1,
        "mqtt_kbps": 0.05,
        "total_kbps": total,
        "meter_kbps": total,
        "estoi": 0.9,
        "pesq_wb": None,
        "stall_ms_max": total,
        "mouth_to_ear_ms_p95": 200.0,
        "cpu_percent": 4.0,
        **more,
    }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The options of every call, each of which costs one more than the one before."""
    calls: list[tuple[str, ...]] = []

    def call(*options: str) -> dict[str, Any]:
        calls.append(options)
        return {"a_to_b": finding(4.0 + len(calls)), "b_to_a": finding(6.0 + len(calls))}

    monkeypatch.setattr(rows, "call", call)
    return calls


def test_a_half_silent_call_is_the_mean_of_both_directions(asked: list[tuple[str, ...]]) -> None:
    row = rows.half_silent([])
    assert row["total_kbps"] == 6.0
    assert row["b_to_a"]["total_kbps"] == 7.0
    assert asked == [("--no-pictures", "--profile", "lean")]


def test_the_upkeep_of_a_call_is_neither_speech_nor_pictures(asked: list[tuple[str, ...]]) -> None:
    assert rows.upkeep([])["total_kbps"] == 0.35


def test_the_delay_is_that_of_two_profiles(asked: list[tuple[str, ...]]) -> None:
    assert list(rows.mouth_to_ear([])) == ["lean", "quick"]
    assert [options[-1] for options in asked] == ["lean", "quick"]


def test_talking_is_the_mean_over_recordings(asked: list[tuple[str, ...]]) -> None:
    row = rows.talking([Path("/one.wav"), Path("/two.wav")], "--profile", "clear")
    assert asked == [("--profile", "clear", "--speech", name) for name in ("/one.wav", "/two.wav")]
    assert (row["total_kbps"], row["stall_ms_max"], row["calls"]) == (6.5, 8.0, 2)
    assert "pesq_wb" not in row  # no call had one


def test_a_call_that_cannot_be_made_says_why() -> None:
    with pytest.raises(rows.CallFailed, match="there is no speech profile 'loud'"):
        rows.call("--profile", "loud")
