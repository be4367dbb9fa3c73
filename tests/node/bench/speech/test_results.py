"""Means over recordings, their form for programs, the front, its knee, the recommendation, and how to set it."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_results import LEAN, WIDE, result

from node.bench.speech.measures import SpeechScores
from node.bench.speech.results import SettingResult, as_dict, combine, knee, pareto_front, recommend, settings_lines
from node.bench.speech.runner import TaskOutcome
from node.bench.speech.settings import Setting, SpeechCodec

QUICK = dataclasses.replace(LEAN, bundle=1)
SPEEX = Setting(SpeechCodec.SPEEX, "nb", 20, 6, quality=3)
BENT = [result(5, 0.1), result(8, 0.6), result(10, 0.8), result(20, 0.85), result(40, 0.9)]


def test_a_result_is_the_mean_with_the_first_ones_sound() -> None:
    joined = combine(
        LEAN,
        [
            TaskOutcome(payload_kbps=7, wire_kbps=10, scores=SpeechScores(estoi=0.8), sound=b"one"),
            TaskOutcome(payload_kbps=8, wire_kbps=11, scores=SpeechScores(estoi=0.9), sound=b"two"),
        ],
    )
    assert (joined.payload_kbps, joined.wire_kbps) == (7.5, 10.5)
    assert joined.quality == pytest.approx(0.85)
    assert joined.sound == b"one"


def test_programs_get_numbers_and_nulls() -> None:
    measured = TaskOutcome(payload_kbps=7.12345, wire_kbps=10, scores=SpeechScores(estoi=0.8))
    entry = json.loads(json.dumps(as_dict(combine(LEAN, [measured]))))
    assert entry["label"] == "Opus 8k NB 2x60 voip"
    assert (entry["codec"], entry["bitrate"], entry["frame_ms"], entry["bundle"]) == ("opus", 8000, 60, 2)
    assert entry["payload_kbps"] == 7.123
    assert entry["pesq_wb"] is None
    assert "cutoff" not in entry


@given(st.lists(st.tuples(st.floats(1, 50), st.floats(0, 1)), max_size=30))
def test_nothing_on_the_front_is_beaten_and_all_else_is(points: list[tuple[float, float]]) -> None:
    results = [result(wire, quality) for wire, quality in points]
    chosen = pareto_front(results)
    for better, worse in zip(chosen[1:], chosen, strict=False):
        assert better.wire_kbps > worse.wire_kbps
        assert (better.quality or 0) > (worse.quality or 0)
    for other in results:
        assert any(each.wire_kbps <= other.wire_kbps and (each.quality or 0) >= (other.quality or 0) for each in chosen)


def test_the_knee_is_where_more_bits_begin_to_buy_little() -> None:
    assert knee(BENT) is BENT[2]


def test_a_front_that_does_not_bend_ends_at_its_best() -> None:
    rising = [result(5, 0.1), result(10, 0.2), result(12, 0.9)]
    assert knee(rising) is rising[-1]
    assert knee(rising[:2]) is rising[1]
    assert knee([]) is None


def test_the_knee_is_recommended_if_it_fits_and_else_the_best_that_does() -> None:
    assert recommend(BENT, 16, 120) is BENT[2]
    assert recommend(BENT, 9, 120) is BENT[1]


def test_what_some_listeners_alone_hear_so_well_is_not_recommended() -> None:
    better = result(8.0, 0.99, dataclasses.replace(WIDE, enhanced=True))
    assert better in pareto_front([*BENT, better])
    assert recommend([*BENT, better], 16, 120) is BENT[2]
    assert settings_lines(dataclasses.replace(WIDE, bitrate=8_000, application="voip", enhanced=True), None) == [
        'profile = "natural"'
    ]
    assert recommend(BENT, 4, 120) is None


def test_only_what_a_call_can_use_is_recommended() -> None:
    unusable = [result(2, 0.95, SPEEX), result(3, 0.96, SPEEX)]
    assert recommend([*BENT, *unusable], 16, 120) is BENT[2]
    assert recommend(unusable, 16, 120) is None


def test_shorter_packets_can_be_asked_for() -> None:
    quick: list[SettingResult] = [result(14, 0.7, QUICK)]
    assert recommend([*BENT, *quick], 16, 60) is quick[0]


def test_what_was_not_judged_is_on_no_front() -> None:
    unknown = dataclasses.replace(result(1, 0.5), scores=dataclasses.replace(result(1, 0.5).scores, estoi=None))
    assert pareto_front([unknown]) == []


def lines(setting: Setting, lyra: Path | None = None) -> dict[str, object]:
    return tomllib.loads("\n".join(settings_lines(setting, lyra)))


def test_a_named_profile_is_called_by_its_name() -> None:
    assert lines(dataclasses.replace(LEAN, high_band=True)) == {"profile": "lean"}


def test_narrowband_without_the_high_band_says_so() -> None:
    assert lines(LEAN)["high_band"] is False


def test_any_other_is_spelt_out() -> None:
    assert lines(Setting(SpeechCodec.OPUS, "mb", 60, 1, 9_000, "audio")) == {
        "profile": "custom",
        "bitrate": 9_000,
        "bandwidth": "mb",
        "application": "audio",
        "frame": 60,
        "bundle": 1,
    }


def test_lyra_names_its_folder() -> None:
    folder = Path('a "b"')
    assert lines(Setting(SpeechCodec.LYRA, "wb", 20, 6, 6_000), folder) == {"lyra": str(folder), "lyra_bitrate": 6_000}
