from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.vision.image_metrics import difference, words_kept


def test_alike_pictures_do_not_differ_whatever_their_size() -> None:
    picture = Image.linear_gradient("L")
    assert difference(picture, picture.convert("RGB")) == 0
    assert difference(picture, picture.resize((64, 64), Image.Resampling.BOX)) < 1


def test_the_difference_is_in_levels() -> None:
    assert difference(Image.new("RGB", (20, 20), "black"), Image.new("RGB", (30, 10), "white")) == 255
    assert difference(Image.new("RGB", (20, 20), (10, 10, 10)), Image.new("RGB", (20, 20), (13, 13, 13))) == 3


def test_the_place_of_things_counts() -> None:
    left, right, near = (Image.new("RGB", (64, 64)) for _ in range(3))
    for picture, x in ((left, 4), (right, 44), (near, 6)):
        picture.paste("white", (x, 20, x + 16, 36))
    assert difference(left, near) < difference(left, right) / 2


@pytest.mark.parametrize(
    ("before", "after", "least", "most"),
    [
        ("a cat sitting on top of a wooden bench", "A cat sitting on top of a wooden bench.", 1, 1),
        ("a cat sitting on a bench in a park", "a cat sleeping on a bench in a park", 0.7, 0.8),
        ("a cat sitting on top of a wooden bench", "a man with a beard on top of a hill", 0, 0),
        ("", "", 1, 1),
        ("", "a cat", 0, 0),
    ],
)
def test_words_kept_are_those_that_mean_something(before: str, after: str, least: float, most: float) -> None:
    assert least <= words_kept(before, after) <= most


@given(st.text(), st.text())
def test_any_two_texts_share_something_between_nothing_and_all(one: str, other: str) -> None:
    assert 0 <= words_kept(one, other) == words_kept(other, one) <= 1
    assert words_kept(one, one) == 1
