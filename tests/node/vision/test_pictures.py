from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.vision.pictures import raw_bits, read_picture, shrunk, to_rgb
from protocol.errors import NodeError


def test_a_raw_pixel_has_24_bits() -> None:
    assert raw_bits(Image.new("L", (256, 256))) == 256 * 256 * 24


def test_a_file_is_read_upright_and_in_colour(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("L", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    picture = read_picture(tmp_path / "turned.jpg")
    assert (picture.mode, picture.size) == ("RGB", (20, 40))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    assert to_rgb(Image.new(mode, (4, 4))).mode == "RGB"


def test_what_is_transparent_becomes_white() -> None:
    assert to_rgb(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)


def test_shrinking_keeps_the_shape_and_leaves_small_pictures_alone() -> None:
    assert shrunk(Image.new("RGB", (2000, 1000)), 500).size == (500, 250)
    small = Image.new("RGB", (100, 50))
    assert shrunk(small, 500) is small


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="check the path"):
        read_picture(tmp_path / "missing.png")


@given(
    st.binary(max_size=64), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF    WEBP", b"BM"])
)
def test_any_bytes_are_a_picture_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "picture.png"
    path.write_bytes(head + tail)
    with pytest.raises(NodeError) as caught:
        read_picture(path)
    assert len(str(caught.value).splitlines()) == 1
