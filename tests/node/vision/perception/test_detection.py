"""Anchors, decoded boxes and non-maximum suppression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vision.perception.detection import decode, overlaps, pyramid_anchors, sigmoid, ssd_anchors, suppress

CORNERS = st.tuples(*[st.floats(0, 1)] * 4)


def test_anchors_are_as_many_as_the_models_answer() -> None:
    assert ssd_anchors(128, (8, 16, 16, 16)).shape == (896, 2)
    assert ssd_anchors(192, (8, 16, 16, 16)).shape == (2016, 2)
    assert pyramid_anchors(320).shape == (19206, 4)


def test_anchors_lie_evenly_two_for_each_layer() -> None:
    anchors = ssd_anchors(128, (8, 16, 16, 16))
    assert anchors[:3].tolist() == [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]]
    assert anchors[512:519].tolist() == [[1 / 16, 1 / 16]] * 6 + [[3 / 16, 1 / 16]]
    assert anchors.mean(axis=0) == pytest.approx([0.5, 0.5])


def test_the_pyramids_anchors_grow_with_the_level_and_keep_their_area() -> None:
    anchors = pyramid_anchors(320) * 320
    assert anchors[:3, 2:] == pytest.approx(np.array([[32, 32], [45.25, 22.63], [22.63, 45.25]]), abs=0.01)
    assert anchors[0, :2] == pytest.approx([4, 4])
    assert anchors[9, :2] == pytest.approx([12, 4])
    assert anchors[-1, :2] == pytest.approx([266.67, 266.67], abs=0.01)


def test_a_box_is_decoded_around_its_anchor() -> None:
    anchors = np.array([[0.5, 0.5], [0.25, 0.75]])
    regressors = np.array([[0.0] * 6, [10, -20, 40, 20, 5, 5]])
    found = decode(regressors, np.array([-9.0, 3.0]), anchors, 100, 0.5)
    assert found.scores == pytest.approx(sigmoid(np.array([3.0])))
    assert found.boxes == pytest.approx(np.array([[0.15, 0.45, 0.55, 0.65]]))
    assert found.points == pytest.approx(np.array([[[0.3, 0.8]]]))


def test_nothing_found_is_no_error() -> None:
    found = decode(np.zeros((2, 18)), np.array([-9.0, -9.0]), np.zeros((2, 2)), 100, 0.5)
    assert (len(found), found.points.shape) == (0, (0, 7, 2))
    assert suppress(found.boxes, found.scores, 0.3, 5) == []


def test_scores_of_any_size_stay_probabilities() -> None:
    assert sigmoid(np.array([-1e6, 0.0, 1e6], np.float32)) == pytest.approx([0, 0.5, 1])


def test_of_boxes_that_overlap_the_best_is_kept() -> None:
    boxes = np.array([[0, 0, 1, 1], [0.05, 0, 1, 1], [2, 2, 3, 3], [0.9, 0.9, 2, 2]])
    scores = np.array([0.6, 0.9, 0.5, 0.7])
    assert suppress(boxes, scores, 0.3, 5) == [1, 3, 2]
    assert suppress(boxes, scores, 0.3, 2) == [1, 3]
    assert overlaps(boxes[0], boxes).tolist() == pytest.approx([1, 0.95, 0, 0.01 / 2.2])


@given(st.lists(st.tuples(CORNERS, st.floats(0, 1)), max_size=30))
def test_kept_boxes_overlap_little_and_every_other_overlaps_a_better_one(
    found: list[tuple[tuple[float, ...], float]],
) -> None:
    boxes = np.array([[min(a, c), min(b, d), max(a, c), max(b, d)] for (a, b, c, d), _ in found]).reshape(-1, 4)
    scores = np.array([score for _, score in found])
    kept = suppress(boxes, scores, 0.3, 100)
    for index in kept:
        rest = [other for other in kept if other != index]
        assert (overlaps(boxes[index], boxes[rest]) <= 0.3).all()
    for index in set(range(len(found))) - set(kept):
        better = [other for other in kept if scores[other] >= scores[index]]
        assert (overlaps(boxes[index], boxes[better]) > 0.3).any()
