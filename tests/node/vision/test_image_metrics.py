from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from node.vision.image_metrics import difference, is_drawing, words_kept
from node.vision.scenes import draw, sample
from node.vision.scenes.world import Light, Place


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


def through_jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def texture(grain: float, blur: float, size: tuple[int, int] = (640, 480), seed: int = 1) -> Image.Image:
    """What a camera makes of a room: soft shapes of every size and shade, and the sensor's grain."""
    rng = np.random.default_rng(seed)
    shapes = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    fine = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    soft = Image.blend(shapes, fine.filter(ImageFilter.GaussianBlur(blur)), 0.3)
    noisy = np.asarray(soft) + rng.normal(0, grain, (size[1], size[0], 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("light", Light)
def test_scenes_are_drawn_in_every_light_and_place(light: Light) -> None:
    for seed, place in enumerate(Place):
        assert is_drawing(draw(replace(sample(seed), light=light, place=place), seconds=seed / 3))


@pytest.mark.parametrize("side", [128, 384, 720, 1500])
def test_a_drawing_may_be_of_any_size(side: int) -> None:
    for seed in range(8):
        resized = draw(sample(seed)).resize((side, side), Image.Resampling.BICUBIC)
        assert is_drawing(resized)


@pytest.mark.parametrize("blur", [1, 3, 12])
@pytest.mark.parametrize("grain", [0, 1, 4, 12])
def test_photos_are_not_drawn(grain: float, blur: float) -> None:
    picture = texture(grain, blur)
    assert not is_drawing(picture)
    assert not is_drawing(through_jpeg(picture, 30))
    assert not is_drawing(through_jpeg(picture, 80))


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (160, 120)])
def test_a_webcam_picture_is_not_drawn_at_any_size(size: tuple[int, int]) -> None:
    smooth = texture(2, 2).resize(size, Image.Resampling.BICUBIC)
    assert not is_drawing(through_jpeg(smooth, 60))


@pytest.mark.shared
def test_no_picture_of_people_is_drawn() -> None:
    folder = Path(__file__).parents[4] / "shared/data/people"
    if not folder.is_dir():
        pytest.skip("needs the photos of people beside the checkout")
    assert [path.name for path in folder.glob("*.jpg") if is_drawing(Image.open(path))] == []


def test_a_webcam_before_a_drawing_gives_a_photo() -> None:
    rng = np.random.default_rng(3)
    grainy = np.asarray(draw(sample(7))) + rng.normal(0, 3, (256, 256, 3))
    assert not is_drawing(Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_any_mode_has_an_answer(mode: str) -> None:
    assert is_drawing(Image.new(mode, (30, 20)))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2000, 1)])
def test_any_shape_has_an_answer(size: tuple[int, int]) -> None:
    assert is_drawing(Image.new("RGB", size, "teal"))
