"""Areas of clothes, skin and hair around a face in a known position."""

from __future__ import annotations

import numpy as np
import pytest
from posed import MIDDLE, face, hand

from node.vision.perception.segmentation import GRID, clothes, colour_in, hair, skin_colour, trunk

SIZE = (640, 480)
EVERYWHERE = np.ones((GRID, GRID), bool)


def levels_of(x: float, y: float) -> tuple[int, int]:
    """The row and column of a picture's pixel."""
    return int(y / SIZE[1] * GRID), int(x / SIZE[0] * GRID)


def test_clothes_are_below_the_chin_on_the_person_without_hands() -> None:
    area = clothes(EVERYWHERE, face(), [], SIZE)
    assert area[levels_of(MIDDLE[0], MIDDLE[1] + 150)]
    assert not area[levels_of(*MIDDLE)]
    assert not area[levels_of(MIDDLE[0] + 200, MIDDLE[1] + 150)]
    held = clothes(EVERYWHERE, face(), [hand((MIDDLE[0], MIDDLE[1] + 200), "")], SIZE)
    assert not held[levels_of(MIDDLE[0], MIDDLE[1] + 150)]
    assert not clothes(~EVERYWHERE, face(), [], SIZE).any()


def test_without_a_face_clothes_are_in_the_middle_of_the_person() -> None:
    area = trunk(EVERYWHERE, (0.25, 0.0, 0.75, 1.0), [], SIZE)
    assert area[GRID // 2, GRID // 2]
    assert not area[GRID // 8, GRID // 2]
    assert not area[GRID // 2, GRID // 8]


def test_hair_is_above_the_forehead_however_the_head_leans() -> None:
    area = hair(EVERYWHERE, face(), SIZE)
    down, across = np.nonzero(area)
    assert across.mean() / GRID * SIZE[0] == pytest.approx(MIDDLE[0], abs=4)
    assert down.max() < levels_of(MIDDLE[0], MIDDLE[1] - 60)[0]


def test_a_colour_is_the_median_without_the_skins() -> None:
    levels = np.full((GRID, GRID, 3), (200.0, 150.0, 120.0))
    levels[40:80, 40:60] = (40.0, 60.0, 150.0)
    area = np.zeros((GRID, GRID), bool)
    area[40:80, 40:90] = True
    assert colour_in(levels, area).tolist() == [200, 150, 120]  # type: ignore[union-attr]
    assert colour_in(levels, area, skin_colour(levels, face(), SIZE)).tolist() == [40, 60, 150]  # type: ignore[union-attr]


def test_too_few_pixels_have_no_colour() -> None:
    area = np.zeros((GRID, GRID), bool)
    area[0, :5] = True
    assert colour_in(np.zeros((GRID, GRID, 3)), area) is None
    assert colour_in(np.zeros((GRID, GRID, 3)), ~EVERYWHERE, np.zeros(3)) is None
