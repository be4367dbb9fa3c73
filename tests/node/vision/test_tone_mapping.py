from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from node.vision.tone_mapping import Span, eight_bit, span_of


def grey(values: list[float], dtype: str) -> Image.Image:
    return Image.fromarray(np.asarray([values], dtype))


def test_16_bits_always_mean_all_of_their_range() -> None:
    assert span_of([grey([0, 9], "<u2")]) == Span(0.0, 65_535.0)


@pytest.mark.parametrize(
    ("parts", "span"),
    [
        ([[0.0, 0.4], [1.0]], Span(0.0, 1.0)),
        ([[0.0, 0.4], [1.1]], Span(0.0, 255.0)),
        ([[0.0], [300.0]], Span(0.0, 65_535.0)),
        ([[0.0], [70_000.0]], Span(0.0, 70_000.0)),
        ([[-1.0], [0.5]], Span(-1.0, 0.5)),
        ([[np.nan], [np.inf]], Span(0.0, 1.0)),
        ([], Span(0.0, 1.0)),
    ],
)
def test_white_is_the_least_customary_top_above_all_parts(parts: list[list[float]], span: Span) -> None:
    assert span_of([grey(part, "<f4") for part in parts]) == span


@pytest.mark.parametrize("value", [-7.0, 3e38, -3e38, 1e-38])
def test_one_value_alone_is_no_division_by_nothing(value: float) -> None:
    image = grey([value, value], "<f4")
    assert eight_bit(image, span_of([image])).mode == "L"


def test_values_outside_of_the_span_are_black_and_white() -> None:
    shown = eight_bit(grey([-9, 0, 51, 100, 999], "<i4"), Span(0.0, 100.0))
    assert list(shown.tobytes()) == [0, 0, 130, 255, 255]
