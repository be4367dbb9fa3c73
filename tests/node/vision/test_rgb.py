from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from node.vision.rgb import GreyRange, measure_grey_range, shrunk, to_eight_bit, to_rgb


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    assert to_rgb(Image.new(mode, (4, 4))).mode == "RGB"


def test_what_is_transparent_becomes_white() -> None:
    assert to_rgb(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)


def test_shrinking_keeps_the_shape_and_leaves_small_pictures_alone() -> None:
    assert shrunk(Image.new("RGB", (2000, 1000)), 500).size == (500, 250)
    small = Image.new("RGB", (100, 50))
    assert shrunk(small, 500) is small


def test_what_is_shrunk_was_scaled_to_8_bits_first() -> None:
    ramp = np.linspace(0, 65_535, 900, dtype="<u2")[None].repeat(900, axis=0)
    row = np.asarray(shrunk(Image.fromarray(ramp), 90))[45, :, 0].astype(int)
    assert (row[0], row[45], row[-1]) == pytest.approx((1, 128, 254), abs=2)


def grey(values: list[float], dtype: str) -> Image.Image:
    return Image.fromarray(np.asarray([values], dtype))


def test_16_bits_always_mean_all_of_their_range() -> None:
    assert measure_grey_range([grey([0, 9], "<u2")]) == GreyRange(0.0, 65_535.0)


@pytest.mark.parametrize(
    ("parts", "grey_range"),
    [
        ([[0.0, 0.4], [1.0]], GreyRange(0.0, 1.0)),
        ([[0.0, 0.4], [1.1]], GreyRange(0.0, 255.0)),
        ([[0.0], [300.0]], GreyRange(0.0, 65_535.0)),
        ([[0.0], [70_000.0]], GreyRange(0.0, 70_000.0)),
        ([[-1.0], [0.5]], GreyRange(-1.0, 0.5)),
        ([[np.nan], [np.inf]], GreyRange(0.0, 1.0)),
        ([], GreyRange(0.0, 1.0)),
    ],
)
def test_white_is_the_least_customary_top_above_all_parts(parts: list[list[float]], grey_range: GreyRange) -> None:
    assert measure_grey_range([grey(part, "<f4") for part in parts]) == grey_range


@pytest.mark.parametrize("value", [-7.0, 3e38, -3e38, 1e-38])
def test_one_value_alone_is_no_division_by_nothing(value: float) -> None:
    image = grey([value, value], "<f4")
    assert to_eight_bit(image, measure_grey_range([image])).mode == "L"


def test_values_outside_of_the_range_are_black_and_white() -> None:
    shown = to_eight_bit(grey([-9, 0, 51, 100, 999], "<i4"), GreyRange(0.0, 100.0))
    assert list(shown.tobytes()) == [0, 0, 130, 255, 255]
