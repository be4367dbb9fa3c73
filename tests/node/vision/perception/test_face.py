"""Turns of the head by the mesh, and where a head is looked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from node.vision.perception.face import (
    BLENDSHAPE_POINTS,
    BLENDSHAPES,
    CHIN,
    HAIRLINE,
    LEFT_EYE,
    RIGHT_EYE,
    turns,
)


def mesh(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """A flat face, turned by degrees."""
    points = np.zeros((478, 3))
    points[[RIGHT_EYE, LEFT_EYE, HAIRLINE, CHIN]] = [(-30, -20, 0), (30, -20, 0), (0, -60, 0), (0, 60, 0)]
    y, p, r = map(math.radians, (yaw, pitch, roll))
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return points @ (about_z @ about_x @ about_y).T


def test_a_face_to_the_camera_is_not_turned() -> None:
    assert turns(mesh()) == pytest.approx((0, 0, 0), abs=1e-9)


@pytest.mark.parametrize("degrees", [-40.0, -10.0, 25.0])
def test_each_turn_is_found(degrees: float) -> None:
    assert turns(mesh(yaw=degrees))[0] == pytest.approx(degrees)
    assert turns(mesh(pitch=degrees))[1] == pytest.approx(-degrees)
    assert turns(mesh(roll=degrees))[2] == pytest.approx(degrees)


def test_the_blendshapes_are_those_of_the_model() -> None:
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52
    assert len(BLENDSHAPE_POINTS) == 146
    assert list(BLENDSHAPE_POINTS) == sorted(set(BLENDSHAPE_POINTS))
    assert max(BLENDSHAPE_POINTS) == 477
