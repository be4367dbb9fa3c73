"""The crop of a hand, by its palm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from node.vision.perception.gestures import hand_crop

CORNERS = np.array([[80.0, 80.0], [120.0, 120.0]])


def palm(angle: float) -> np.ndarray:
    """A palm's seven points: the wrist at its middle, the middle knuckle turned clockwise from upright."""
    points = np.full((7, 2), 100.0)
    points[2] += 20 * np.array([math.sin(angle), -math.cos(angle)])
    return points


@pytest.mark.parametrize("degrees", [0, 60, 170, -90, -150])
def test_the_crop_turns_the_fingers_upright_and_moves_towards_them(degrees: int) -> None:
    angle = math.radians(degrees)
    crop = hand_crop(CORNERS, palm(angle))
    assert crop.angle == pytest.approx(angle)
    assert (crop.x, crop.y) == pytest.approx((100 + 20 * math.sin(angle), 100 - 20 * math.cos(angle)))
    assert crop.side == pytest.approx(104)
    middle, up = crop.to_picture(np.array([[0.5, 0.5], [0.5, 0.3]]))
    assert np.dot(up - middle, palm(angle)[2] - 100) > 0
