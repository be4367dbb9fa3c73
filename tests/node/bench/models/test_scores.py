from __future__ import annotations

import json

from node.bench.models.scores import AttributeScore, EvaluationScores, for_people, report


def test_shares_are_of_all_attributes_and_of_whole_scenes() -> None:
    score = AttributeScore()
    score.add({"kind": "cat", "light": "day"}, {"kind": "cat", "light": "day"})
    score.add({"kind": "dog", "light": "night"}, {"kind": "dog", "light": "day", "who": "man"})
    score.add({"who": "man", "light": "day"}, {})
    assert score.by_attribute() == {"kind": 1.0, "light": 0.3333, "who": 0.0}
    assert score.accuracy == 0.5
    assert score.exactness == 0.3333


def test_what_is_told_beyond_the_truth_is_not_exact() -> None:
    score = AttributeScore()
    score.add({"kind": "cat"}, {"kind": "cat", "hair_colour": "red"})
    assert (score.accuracy, score.exactness) == (1.0, 0.0)


def test_nothing_counted_is_a_report_of_zeros() -> None:
    figures = report(EvaluationScores())
    assert figures["captioner"]["attribute_accuracy"] == figures["generator"]["ms_p50"] == 0
    assert json.loads(json.dumps(figures)) == figures


def test_the_report_has_the_agreed_keys() -> None:
    scores = EvaluationScores(caption_seconds=[0.01, 0.03, 0.02], paint_seconds=[0.1], overlaps=[0.5, 0.7])
    for part in (scores.captioner, scores.round_trip, scores.pixels, scores.call):
        part.add({"kind": "cat", "light": "day"}, {"kind": "cat", "light": "night"})
    figures = report(scores)
    assert figures["captioner"]["attribute_accuracy"] == 0.5
    assert figures["captioner"]["exact"] == 0
    assert figures["captioner"]["ms_p50"] == 20.0
    assert figures["generator"]["round_trip"] == 0.5
    assert figures["generator"]["ms_p50"] == 100.0
    assert figures["generator"]["pixels"]["overlap"] == 0.6
    assert figures["call"] == {"round_trip": 0.5, "exact": 0.0, "attributes": {"kind": 1.0, "light": 0.0}}


def test_people_read_every_attribute_and_what_it_costs() -> None:
    scores = EvaluationScores(caption_seconds=[0.02], paint_seconds=[0.1], overlaps=[0.625])
    for part in (scores.captioner, scores.round_trip, scores.pixels, scores.call):
        part.add({"kind": "cat", "light": "day"}, {"kind": "cat", "light": "night"})
    head = {"models": "embedded", "scenes": 1, "first_seed": 7, "load_s": 3.21, "rss_mb": 801.2}
    text = "\n".join(for_people(head | report(scores)))
    for piece in (
        "seed 7",
        "kind",
        "100.0 %",
        "50.0 %",
        "62.5 %",
        "a caption 20 ms",
        "a picture 100 ms",
        "3.2 s",
        "801 MB",
    ):
        assert piece in text
    assert "unknown on this system" in "\n".join(for_people(head | {"rss_mb": None} | report(scores)))
