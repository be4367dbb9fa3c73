"""Picture files of every kind that people have, each small and made here."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from node.vision import images
from node.vision.formats import heic
from node.vision.images import open_small, read_header
from protocol.errors import NodeError

SHARED_CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"
LIGHT, DARK = 200, 50


def corners(image: Image.Image) -> list[int]:
    """The grey at the four corners: top left, top right, bottom left, bottom right."""
    grey, (right, bottom) = image.convert("L"), (image.width - 3, image.height - 3)
    return [int(grey.getpixel(at)) for at in ((2, 2), (right, 2), (2, bottom), (right, bottom))]  # type: ignore[arg-type]


def scene(width: int = 40, height: int = 20) -> Image.Image:
    """Grey values by which every way of turning it is told from every other."""
    values = np.full((height, width), DARK, np.uint8)
    values[: height // 2, : width // 2], values[: height // 2, width // 2 :] = 250, LIGHT
    values[height // 2 :, : width // 2] = 120
    return Image.fromarray(values)


UPRIGHT = [250, LIGHT, 120, DARK]
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture lies in a file that has this EXIF orientation."""


@pytest.fixture
def heif() -> None:
    pytest.importorskip("pillow_heif", reason="needs the package pillow-heif")
    heic.register()


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_exif_orientation_is_turned_upright(heif: None, tmp_path: Path, format: str, orientation: int) -> None:
    turn = TURNS[orientation]
    lying = scene() if turn is None else scene().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "picture"  # a name without a suffix: the file itself says what it is
    options: dict[str, Any] = {} if format in ("PNG", "TIFF") else {"quality": 95}
    lying.convert("RGB").save(path, format, exif=exif.tobytes() if format == "HEIF" else exif, **options)
    picture = open_small(path)
    assert picture.size == (40, 20)
    assert corners(picture) == pytest.approx(UPRIGHT, abs=12)


def deep(values: Any, dtype: str) -> Image.Image:
    return Image.fromarray(np.tile(np.asarray(values, dtype), (8, 4)))


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (deep([0, 32_768, 65_535], "<u2"), [0, 128, 255]),
        (deep([0, 32_768, 65_535], "<i4"), [0, 128, 255]),
        (deep([0, 100, 255], "<i4"), [0, 100, 255]),
        (deep([-5, 0, 5], "<i4"), [0, 128, 255]),
        (deep([0.0, 0.5, 1.0], "<f4"), [0, 128, 255]),
        (deep([0.0, 100.0, 255.0], "<f4"), [0, 100, 255]),
        (deep([-2000.0, np.nan, 2000.0], "<f4"), [0, 0, 255]),
        (deep([7.0, 7.0, 7.0], "<f4"), [7, 7, 7]),
        (deep([-7.0, -7.0, -7.0], "<f4"), [0, 0, 0]),
        (deep([np.nan, np.inf, -np.inf], "<f4"), [0, 255, 0]),
    ],
)
def test_deep_grey_is_scaled_and_not_cut_off(tmp_path: Path, image: Image.Image, shown: list[int]) -> None:
    image.save(tmp_path / "deep.tif")
    picture = open_small(tmp_path / "deep.tif")
    assert [picture.getpixel((x, 0)) for x in range(3)] == [(grey,) * 3 for grey in shown]


def test_a_deep_picture_is_scaled_as_one_though_it_is_shrunk_in_strips(tmp_path: Path) -> None:
    ramp = np.linspace(-1000, 1000, 1200, dtype="<f4")[:, None].repeat(4, axis=1)
    Image.fromarray(ramp).save(tmp_path / "ramp.tif")
    column = np.asarray(open_small(tmp_path / "ramp.tif", 600))[:, 0, 0].astype(int)
    assert (column[0], column[-1]) == (0, 255)
    assert (np.diff(column) >= 0).all()


@pytest.mark.parametrize("name", ["deep.png", "deep.pgm", "deep.tif"])
def test_16_bits_of_grey_are_read_from_every_format(tmp_path: Path, name: str) -> None:
    image = deep([0, 32_768, 65_535], "<u2")
    image.convert("I").save(tmp_path / name) if name.endswith("pgm") else image.save(tmp_path / name)
    picture = open_small(tmp_path / name)
    assert [picture.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


def test_big_endian_16_bits_are_read(tmp_path: Path) -> None:
    header = b"MM\x00*\x00\x00\x00\x08"
    entries = [(256, 4, 2), (257, 4, 1), (258, 3, 16 << 16), (259, 3, 1 << 16), (262, 3, 1 << 16), (273, 4, 122)]
    entries += [(277, 3, 1 << 16), (278, 4, 1), (279, 4, 4)]
    directory = len(entries).to_bytes(2, "big")
    for tag, kind, value in entries:
        directory += (
            tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + (1).to_bytes(4, "big") + value.to_bytes(4, "big")
        )
    (tmp_path / "big.tif").write_bytes(header + directory + bytes(4) + b"\x00\x00\xff\xff")
    picture = open_small(tmp_path / "big.tif")
    assert [picture.getpixel((x, 0)) for x in range(2)] == [(0, 0, 0), (255, 255, 255)]


def clear_palette() -> Image.Image:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.info["transparency"] = 0
    image.paste(0, (0, 0, 4, 8))
    return image


@pytest.mark.parametrize(
    ("image", "name", "left", "right"),
    [
        (clear_palette(), "a.png", (255, 255, 255), (0, 0, 255)),
        (clear_palette(), "a.gif", (255, 255, 255), (0, 0, 255)),
        (Image.new("LA", (8, 8), (0, 0)), "a.png", (255,) * 3, (255,) * 3),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "a.webp", (255,) * 3, (255,) * 3),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "a.jpg", (254, 0, 0), (254, 0, 0)),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "a.tif", (255, 0, 0), (255, 0, 0)),
        (Image.new("1", (8, 8), 1), "a.png", (255,) * 3, (255,) * 3),
        (Image.new("L", (8, 8), 77), "a.bmp", (77,) * 3, (77,) * 3),
        (Image.new("LAB", (8, 8), (128, 128, 128)), "a.tif", (119,) * 3, (119,) * 3),
    ],
)
def test_every_mode_is_shown_as_it_looks(
    tmp_path: Path, image: Image.Image, name: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    image.save(tmp_path / name)
    picture = open_small(tmp_path / name)
    assert picture.mode == "RGB"
    assert picture.getpixel((1, 4)) == pytest.approx(left, abs=3)
    assert picture.getpixel((6, 4)) == pytest.approx(right, abs=3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif", "a.tif", "a.mpo"])
def test_of_several_pictures_the_first_is_shown_and_only_animations_move(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    first.save(tmp_path / name, save_all=True, append_images=[second])
    assert open_small(tmp_path / name).getpixel((8, 8)) == pytest.approx((255, 0, 0), abs=6)
    found = read_header(tmp_path / name)
    assert found is not None
    assert found.animated == (name not in ("a.tif", "a.mpo"))


def red_and_blue_exchanged() -> bytes:
    """An ICC profile in which the first channel is blue and the third red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = profile.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    return other.replace(b"rXYZ", b"____", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"____", b"bXYZ", 1)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.heic", "a.avif"])
def test_colours_are_what_the_profile_means(heif: None, tmp_path: Path, name: str) -> None:
    Image.new("RGB", (64, 64), (90, 120, 200)).save(tmp_path / name, icc_profile=red_and_blue_exchanged())
    assert open_small(tmp_path / name).getpixel((30, 30)) == pytest.approx((200, 120, 90), abs=10)


def test_a_profile_that_is_broken_or_says_srgb_changes_nothing(tmp_path: Path) -> None:
    for profile in (b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        Image.new("RGB", (8, 8), (90, 120, 200)).save(tmp_path / "a.png", icc_profile=profile)
        assert open_small(tmp_path / "a.png").getpixel((4, 4)) == (90, 120, 200)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic"])
def test_a_large_picture_is_shrunk_in_its_shape(heif: None, tmp_path: Path, name: str) -> None:
    scene(1300, 700).convert("RGB").save(tmp_path / name)
    picture = open_small(tmp_path / name, 300)
    assert picture.size == (300, 162)
    assert corners(picture) == pytest.approx(UPRIGHT, abs=6)
    assert open_small(tmp_path / name).size == (1300, 700)


def test_a_narrow_picture_keeps_a_pixel_of_width(tmp_path: Path) -> None:
    Image.new("L", (2, 5000), 60).save(tmp_path / "line.png")
    assert open_small(tmp_path / "line.png", 100).size == (1, 100)


@pytest.mark.parametrize(("format", "options"), [("PNG", {}), ("WEBP", {}), ("JPEG", {"progressive": True})])
def test_what_would_take_too_much_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, options: dict[str, bool]
) -> None:
    Image.effect_noise((800, 600), 50).convert("RGB").save(tmp_path / "large", format, **options)
    monkeypatch.setattr(images, "MOST_BYTES", 800 * 600)
    with pytest.raises(NodeError, match=r"large' \(800 x 600 pixels would take \d+ MB\): make it smaller"):
        open_small(tmp_path / "large", 64)


@pytest.mark.parametrize("options", [{"quality": 95}, {"lossless": True}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_large_webp_is_decoded_with_less_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, options: dict[str, Any]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = scene(800, 600).transpose(Image.Transpose.ROTATE_90).convert(mode)
    if mode == "RGBA":
        image.paste((0, 0, 0, 0), (0, 0, 300, 400))  # what lies upper left will be upper right
    image.save(tmp_path / "a.webp", exif=exif, icc_profile=bytes(2000), **options)
    monkeypatch.setattr(images, "MOST_BYTES", 5_000_000)
    picture = open_small(tmp_path / "a.webp", 200)
    assert (picture.mode, picture.size) == ("RGB", (200, 150))
    shown = UPRIGHT if mode == "RGB" else [UPRIGHT[0], 255, *UPRIGHT[2:]]
    assert corners(picture) == pytest.approx(shown, abs=6)


def test_an_ordinary_jpeg_is_never_decoded_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.effect_noise((800, 600), 50).convert("RGB").save(tmp_path / "large.jpg")
    monkeypatch.setattr(images, "MOST_BYTES", 800 * 600)
    assert open_small(tmp_path / "large.jpg", 100).size == (100, 75)


def test_a_picture_beyond_pillows_own_bound_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    scene().save(tmp_path / "a.png")
    assert open_small(tmp_path / "a.png").size == (40, 20)


def test_bytes_in_memory_are_opened_in_the_formats_that_are_allowed() -> None:
    data = io.BytesIO()
    scene().save(data, "PNG")
    assert open_small(data, formats=("JPEG", "PNG")).size == (40, 20)
    with pytest.raises(NodeError, match="not a picture"):
        open_small(data, formats=("JPEG",))


def test_heic_without_its_package_says_what_to_install(
    heif: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(64, 64).convert("RGB").save(tmp_path / "a.heic")
    monkeypatch.setattr(heic, "installed", lambda: False)
    for opened in (open_small, read_header):
        with pytest.raises(NodeError, match=r"a\.heic'.*pip install 'pictophone\[heic\]'"):
            opened(tmp_path / "a.heic")


def test_a_telephones_heic_is_put_together_of_its_tiles(heif: None, tmp_path: Path) -> None:
    scene(1200, 800).convert("RGB").save(tmp_path / "grid.heic", quality=90, tile_size=512)
    picture = open_small(tmp_path / "grid.heic")
    assert picture.size == (1200, 800)
    assert corners(picture) == pytest.approx(UPRIGHT, abs=6)


def fifo(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs Unix sockets")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def locked(path: Path) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("everything may be read by root")
    path.touch(0o000)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "check the path"),
        (lambda path: path.touch(), "it is empty"),
        (lambda path: path.write_text("words, and no picture"), "not a picture"),
        (lambda path: path.mkdir(), "directory"),
        (fifo, "it is a named pipe"),
        (unix_socket, "it is a socket"),
        (locked, "ermission"),
    ],
)
def test_what_is_no_picture_is_one_line(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "a.jpg"
    make(path)
    with pytest.raises(NodeError, match=reason) as caught:
        open_small(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_picture_that_breaks_off_is_one_line(tmp_path: Path) -> None:
    Image.effect_noise((200, 200), 80).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NodeError, match="cannot read the picture") as caught:
        open_small(tmp_path / "a.png")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@given(
    st.binary(min_size=1, max_size=64),
    st.sampled_from([
        b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF    WEBP", b"BM", b"II*\x00\x08\x00\x00\x00", b"GIF89a",
        b"\x00\x00\x00\x18ftypheic", b"\x00\x00\x00\x1cftypavif", b"P5 9 9 65535 ", b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        b"8BPS",
    ]),
)  # fmt: skip
def test_any_bytes_are_a_picture_or_one_line(tail: bytes, head: bytes) -> None:
    try:
        picture = open_small(io.BytesIO(head + tail))
    except NodeError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert picture.mode == "RGB"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "size", "colours"),
    [("gray16.png", (320, 240), 5), ("phone_grid.heic", (1536, 1024), 100),
     ("exif_rotated_without_suffix", (240, 320), 100)],
)  # fmt: skip
def test_the_inputs_that_once_failed(heif: None, name: str, size: tuple[int, int], colours: int) -> None:
    if not (SHARED_CASES / name).exists():
        pytest.skip(f"needs {SHARED_CASES / name}")
    picture = open_small(SHARED_CASES / name)
    assert picture.size == size
    assert len(picture.getcolors(1 << 22) or ()) >= colours
