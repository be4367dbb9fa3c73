"""Faces and hands in positions of a test's choice, as the models would give them."""

from __future__ import annotations

import numpy as np

from node.vision.perception.crops import Points
from node.vision.perception.face import BLENDSHAPES, CHIN, HAIRLINE, MOUTH, Face
from node.vision.perception.gestures import GESTURES, Hand

# A face 100 pixels wide and 120 high, its middle at (320, 160); chin and hairline where they belong.
MIDDLE, WIDTH, HEIGHT = np.array([320.0, 160.0]), 100.0, 120.0

# The palm's length of a hand that belongs to it.
PALM = 50.0


def face(roll: float = 0.0, yaw: float = 0.0, **shapes: float) -> Face:
    """Make a face; blendshapes that are not given are 0. `yaw` is as the mesh gives it."""
    points = np.zeros((478, 3))
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 22), np.linspace(-0.5, 0.5, 22)), -1).reshape(-1, 2)
    points[:, :2] = MIDDLE + grid[:478] * (WIDTH, HEIGHT)
    points[[CHIN, HAIRLINE], :2] = MIDDLE + np.array([[0, HEIGHT / 2], [0, -HEIGHT / 2]])
    points[MOUTH, :2] = MIDDLE[0], MIDDLE[1] + HEIGHT * 0.25
    points[[50, 280], :2] = MIDDLE + np.array([[-WIDTH * 0.3, 10], [WIDTH * 0.3, 10]])
    points[[172, 397], :2] = MIDDLE + np.array([[-WIDTH * 0.4, 35], [WIDTH * 0.4, 35]])
    return Face(points, dict.fromkeys(BLENDSHAPES, 0.0) | shapes, 0.95, yaw, 0.0, roll)


def hand(wrist: tuple[float, float], fingers: str, angle: float = 0.0, palm: float = PALM, **gestures: float) -> Hand:
    """Make a hand at a wrist, turned clockwise by degrees from upright.

    `fingers` has the initials of the straight ones: thumb, index, middle, ring, pinky.
    """
    flat = np.zeros((21, 2))
    flat[1:5] = [(-0.3, -0.3), (-0.45, -0.5), (-0.5, -0.7), (-0.55, -0.9)]
    if "t" in fingers:
        flat[3:5] = [(-0.4, -1.3), (-0.4, -1.7)]
    for name, base, aside in (("i", 5, -0.3), ("m", 9, 0.0), ("r", 13, 0.25), ("p", 17, 0.5)):
        reach = (1.0, 1.4, 1.7, 2.0) if name in fingers else (1.0, 1.2, 1.0, 0.8)
        flat[base : base + 4] = [(aside * (1 + 0.3 * step), -far) for step, far in enumerate(reach)]
    turn = np.radians(angle)
    turned: Points = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = np.column_stack([turned * palm + np.array(wrist), np.zeros(21)])
    shares = {name: gestures.get(name.replace(" ", "_"), 0.0) for name in GESTURES}
    return Hand(points, shares, 0.99)
