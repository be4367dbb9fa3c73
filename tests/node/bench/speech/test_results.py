"""Means over recordings, and their form for programs."""

from __future__ import annotations

import json

import pytest

from node.bench.speech.measures import Scores
from node.bench.speech.results import as_dict, combine
from node.bench.speech.runner import Measured

from .conftest import LEAN


def test_a_result_is_the_mean_with_the_first_ones_sound() -> None:
    joined = combine(LEAN, [Measured(7, 10, Scores(estoi=0.8), b"one"), Measured(8, 11, Scores(estoi=0.9), b"two")])
    assert (joined.payload_kbps, joined.wire_kbps) == (7.5, 10.5)
    assert joined.quality == pytest.approx(0.85)
    assert joined.sound == b"one"


def test_programs_get_numbers_and_nulls() -> None:
    told = json.loads(json.dumps(as_dict(combine(LEAN, [Measured(7.12345, 10, Scores(estoi=0.8))]))))
    assert told["label"] == "Opus 8k NB 2x60 voip"
    assert (told["codec"], told["bitrate"], told["frame_ms"], told["bundle"]) == ("opus", 8000, 60, 2)
    assert told["payload_kbps"] == 7.123
    assert told["pesq_wb"] is None
    assert "cutoff" not in told
