"""Cuts of a picture, and the way back from their points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from node.vision.perception.crops import Crop, Letterbox

SIDES = st.floats(8, 400)
PLACES = st.floats(-50, 450)


def dotted(size: tuple[int, int], at: tuple[float, float]) -> Image.Image:
    """A black picture with one soft white dot."""
    image = Image.new("RGB", size)
    ImageDraw.Draw(image).ellipse((at[0] - 6, at[1] - 6, at[0] + 6, at[1] + 6), fill="white")
    return image


def brightest(pixels: np.ndarray) -> np.ndarray:
    """The middle of what is bright, each coordinate from 0 to 1."""
    down, across = np.nonzero(pixels.mean(axis=2) > pixels.mean(axis=2).max() / 2)
    return np.array([[across.mean() + 0.5, down.mean() + 0.5]]) / len(pixels)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2, math.pi])
@pytest.mark.parametrize("side", [60.0, 150.0, 500.0])
def test_a_point_found_in_a_crop_lies_where_it_was_in_the_picture(angle: float, side: float) -> None:
    crop = Crop(200.0, 150.0, side, angle)
    pixels = crop.pixels(dotted((640, 400), (212.0, 141.0)), 128)
    assert pixels.shape == (128, 128, 3)
    assert pixels.max() <= 1.0
    assert crop.to_picture(brightest(pixels))[0] == pytest.approx([212, 141], abs=2.5)


def test_a_crop_turns_upright_what_leans() -> None:
    crop = Crop(100.0, 100.0, 100.0, math.radians(90))
    right = crop.to_picture(np.array([[1.0, 0.5]]))[0]
    assert right == pytest.approx([100, 150])  # its right side is the picture's lower one


@given(PLACES, PLACES, SIDES, st.floats(-4, 4))
def test_the_middle_of_any_crop_is_where_it_was_asked_for(x: float, y: float, side: float, angle: float) -> None:
    crop = Crop(x, y, side, angle)
    assert crop.to_picture(np.array([[0.5, 0.5]]))[0] == pytest.approx([x, y], abs=1e-6)
    corners = crop.to_picture(np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert np.hypot(*(corners[1] - corners[0])) == pytest.approx(side)


@given(PLACES, PLACES, SIDES, st.floats(-4, 4))
def test_any_crop_has_pixels_black_outside_the_picture(x: float, y: float, side: float, angle: float) -> None:
    pixels = Crop(x, y, side, angle).pixels(Image.new("RGB", (64, 48), "white"), 16)
    assert pixels.shape == (16, 16, 3)
    assert 0 <= pixels.min() <= pixels.max() <= 1


def test_a_crop_beside_the_picture_is_black() -> None:
    assert Crop(900.0, 900.0, 50.0).pixels(Image.new("RGB", (64, 48), "white"), 16).max() == 0


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (100, 100), (1000, 20)])
def test_a_letterbox_holds_the_whole_picture_and_knows_the_way_back(size: tuple[int, int]) -> None:
    letterbox = Letterbox(*size, 128)
    assert letterbox.pixels(Image.new("RGB", size, "white")).shape == (128, 128, 3)
    middle = letterbox.to_picture(np.array([[0.5, 0.5]]))[0]
    assert middle == pytest.approx([size[0] / 2, size[1] / 2], abs=max(size) / 100)
    at = (size[0] * 0.7, size[1] * 0.5)
    found = letterbox.to_picture(brightest(letterbox.pixels(dotted(size, at))))[0]
    assert found == pytest.approx(at, abs=max(size) / 50)
