from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from node.vision.image_metrics import difference
from node.vision.look_transfer import apply_look, encode_look
from protocol import look
from protocol.errors import LookError


def sunset(width: int, height: int) -> Image.Image:
    """An orange sky over dark grass, with something white on the left."""
    image = Image.new("RGB", (width, height), (230, 140, 60))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height * 5 // 8, width, height), fill=(40, 60, 30))
    pen.rectangle((0, height // 4, width // 4, height // 2), fill=(240, 240, 240))
    return image


@pytest.mark.parametrize("size", look.SIZES)
def test_a_grey_picture_moved_to_a_look_shows_what_is_where(size: int) -> None:
    picture = sunset(160, 120)
    coded = encode_look(picture, size)
    assert len(coded) == size
    grey = Image.new("RGB", (96, 64), "gray")
    seen = apply_look(grey, coded)
    assert (seen.mode, seen.size) == ("RGB", (96, 64))
    assert difference(seen, picture) < difference(grey, picture) / 2


@pytest.mark.parametrize("size", look.SIZES)
def test_a_picture_that_has_the_look_stays_as_it_is(size: int) -> None:
    picture = sunset(64, 64)
    assert apply_look(picture, encode_look(picture, size)).tobytes() == picture.tobytes()


def test_any_mode_and_shape_has_a_look() -> None:
    assert len(encode_look(Image.new("L", (3, 500)), 16)) == 16


def test_a_look_of_no_bytes_is_none() -> None:
    assert encode_look(sunset(16, 16), 0) == b""


def test_what_is_no_look_raises_its_error() -> None:
    with pytest.raises(LookError):
        apply_look(sunset(16, 16), b"?")
