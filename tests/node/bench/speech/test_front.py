"""The front, its knee, and the recommendation."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from node.bench.speech.front import front, knee, recommend
from node.bench.speech.results import Result
from node.bench.speech.settings import Codec, Setting

from .conftest import LEAN, result

QUICK = dataclasses.replace(LEAN, bundle=1)
SPEEX = Setting(Codec.SPEEX, "nb", 20, 6, quality=3)
BENT = [result(5, 0.1), result(8, 0.6), result(10, 0.8), result(20, 0.85), result(40, 0.9)]


@given(st.lists(st.tuples(st.floats(1, 50), st.floats(0, 1)), max_size=30))
def test_nothing_on_the_front_is_beaten_and_all_else_is(points: list[tuple[float, float]]) -> None:
    results = [result(wire, quality) for wire, quality in points]
    chosen = front(results)
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
    assert recommend(BENT, 4, 120) is None


def test_only_what_a_call_can_use_is_recommended() -> None:
    unusable = [result(2, 0.95, SPEEX), result(3, 0.96, SPEEX)]
    assert recommend([*BENT, *unusable], 16, 120) is BENT[2]
    assert recommend(unusable, 16, 120) is None


def test_shorter_packets_can_be_asked_for() -> None:
    quick: list[Result] = [result(14, 0.7, QUICK)]
    assert recommend([*BENT, *quick], 16, 60) is quick[0]


def test_what_was_not_judged_is_on_no_front() -> None:
    unknown = dataclasses.replace(result(1, 0.5), scores=dataclasses.replace(result(1, 0.5).scores, estoi=None))
    assert front([unknown]) == []
