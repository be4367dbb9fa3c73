"""Colours as they are named, balanced by the greys of the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vision.perception.colours import (
    Balance,
    as_rgb,
    balance_of,
    cloth_word,
    is_colourless,
    lab,
    light_of,
    shows_nothing,
)
from node.vision.scenes.people import CLOTHS
from node.vision.scenes.world import Cloth, Light

# Of lamps: a warm one, a cold one, a dim room.
LAMPS = {"day": (1.0, 1.0, 1.0), "warm": (1.1, 1.0, 0.85), "cold": (0.9, 1.0, 1.1), "dim": (0.55, 0.55, 0.55)}

noise = np.random.default_rng(1)


def surface(colour: tuple[float, ...], count: int = 2000) -> np.ndarray:
    return np.clip(np.array(colour) + noise.normal(0, 4, (count, 3)), 0, 255).astype(np.uint8)


def test_lab_is_cies() -> None:
    assert lab(np.array([255.0, 255.0, 255.0])) == pytest.approx([100, 0, 0], abs=0.01)
    assert lab(np.array([255.0, 0.0, 0.0])) == pytest.approx([53.24, 80.09, 67.2], abs=0.05)
    assert lab(np.array([10.0, 10.0, 10.0])) == pytest.approx([2.74, 0, 0], abs=0.05)


@pytest.mark.parametrize("cloth", list(Cloth))
def test_the_drawn_worlds_own_cloths_have_their_words(cloth: Cloth) -> None:
    assert cloth_word(np.array(CLOTHS[cloth], float)) is cloth


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ((30, 34, 60), Cloth.BLUE),  # navy
        ((28, 28, 32), Cloth.BLACK),
        ((90, 90, 92), Cloth.BLACK),  # dark grey
        ((200, 200, 205), Cloth.WHITE),
        ((120, 20, 30), Cloth.RED),
        ((150, 103, 22), Cloth.ORANGE),
        ((225, 200, 40), Cloth.YELLOW),
        ((40, 70, 40), Cloth.GREEN),
        ((90, 40, 110), Cloth.PURPLE),
        ((140, 180, 230), Cloth.BLUE),
    ],
)
def test_cloth_of_photos_has_the_nearest_word(colour: tuple[int, int, int], word: Cloth) -> None:
    assert cloth_word(np.array(colour, float)) is word


@pytest.mark.parametrize("lamp", LAMPS)
@pytest.mark.parametrize("cloth", [Cloth.WHITE, Cloth.BLUE, Cloth.RED, Cloth.GREEN, Cloth.ORANGE])
def test_before_a_grey_wall_the_lamp_does_not_change_the_word(lamp: str, cloth: Cloth) -> None:
    light = np.array(LAMPS[lamp])
    balance = balance_of(surface(tuple(np.array([190, 190, 190]) * light)))
    assert cloth_word(balance.applied(np.array(CLOTHS[cloth]) * light)) is cloth


def test_where_nothing_is_grey_nothing_is_balanced() -> None:
    assert balance_of(surface((20, 140, 160))) == Balance()
    assert balance_of(np.zeros((0, 3), np.uint8)) == Balance()


def test_no_lamp_is_divided_away_beyond_a_bound() -> None:
    red, green, blue = balance_of(surface((60, 66, 75))).gains
    assert max(red, green, blue) < 1.35 * 1.9
    assert red > green > blue


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_colour_has_a_word(colour: tuple[int, int, int]) -> None:
    assert cloth_word(np.array(colour, float)) in set(Cloth)
    assert as_rgb(np.array(colour, float)) == colour


def test_black_and_plain_pictures_show_nothing() -> None:
    photo = noise.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert shows_nothing(np.zeros((64, 64, 3), np.uint8))
    assert shows_nothing((photo // 20).astype(np.uint8))
    assert shows_nothing(np.full((64, 64, 3), 130, np.uint8))
    assert not shows_nothing(photo)


def test_grey_pictures_have_no_colours() -> None:
    photo = noise.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert not is_colourless(photo)
    assert is_colourless(np.repeat(photo[:, :, :1], 3, axis=2))


def test_a_dark_picture_is_night_unless_somebody_is_lit() -> None:
    dark = noise.integers(0, 40, (64, 64, 3)).astype(np.uint8)
    assert light_of(dark) is Light.NIGHT
    lit = dark.copy()
    lit[20:44, 20:44] = 180
    assert light_of(lit) is Light.DAY
    assert light_of(dark + np.uint8(60)) is Light.DAY
