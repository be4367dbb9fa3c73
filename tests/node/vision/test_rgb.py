from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from node.vision.rgb import raw_bits, shrunk, to_rgb


def test_a_raw_pixel_has_24_bits() -> None:
    assert raw_bits(Image.new("L", (256, 256))) == 256 * 256 * 24


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
