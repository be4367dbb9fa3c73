from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from node.vision.cameras.video_frames import to_picture


class Frame:
    """A frame whose side data PyAV cannot list, as it is with EXIF data beside it."""

    def __init__(self, frame: av.VideoFrame, rotation: int) -> None:
        self._frame, self.rotation = frame, rotation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._frame, name)

    @property
    def side_data(self) -> Any:
        raise ValueError("31 is not a valid Type")


def frame(width: int = 40, height: int = 20) -> av.VideoFrame:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = 250
    return av.VideoFrame.from_ndarray(pixels, format="rgb24")


@pytest.mark.parametrize(
    ("rotation", "size", "bright"),
    [(0, (40, 20), (2, 2)), (90, (20, 40), (2, 37)), (180, (40, 20), (37, 17)), (-90, (20, 40), (17, 2))],
)
def test_a_frame_beside_which_stands_what_pyav_does_not_know_is_turned_by_its_angle(
    rotation: int, size: tuple[int, int], bright: tuple[int, int]
) -> None:
    image = to_picture(Frame(frame(), rotation), None)  # type: ignore[arg-type]
    assert image.size == size
    assert image.getpixel(bright) == (250, 250, 250)


@pytest.mark.parametrize(
    ("pixel_shape", "size"),
    [
        (None, (40, 20)),
        (Fraction(1, 2), (20, 20)),
        (Fraction(64, 45), (57, 20)),
        (Fraction(0, 1), (40, 20)),
        (Fraction(1000, 1), (40, 20)),
    ],
)
def test_the_shape_of_pixels_is_followed_unless_it_is_damage(
    pixel_shape: Fraction | None, size: tuple[int, int]
) -> None:
    assert to_picture(frame(), pixel_shape).size == size


def test_a_frame_is_shrunk_in_its_shape() -> None:
    assert to_picture(frame(400, 100), None, 200).size == (200, 50)
    assert to_picture(frame(400, 2), Fraction(2, 1), 100).size == (100, 1)


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "gray", "gray10le", "rgba", "nv12", "gbrp", "yuvj444p"])
def test_every_pixel_format_becomes_rgb(format: str) -> None:
    assert to_picture(frame().reformat(format=format), None).mode == "RGB"


def test_hdr_is_brought_to_an_ordinary_screens_range() -> None:
    bright = frame().reformat(format="yuv420p10le")
    bright.color_trc = 16
    shown = to_picture(bright, None)
    assert (shown.mode, shown.size) == ("RGB", (40, 20))
    assert shown.getpixel((2, 2))[0] > 240  # type: ignore[index]
