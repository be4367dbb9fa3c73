"""A picture as a file."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from node.bench.pictures import encodings
from node.vision.formats import heic
from node.vision.scenes import SceneSequence

pytest.importorskip("pillow_heif", reason="needs the package pillow-heif")


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return SceneSequence(20_000_001).image(1.0)


def test_the_middle_becomes_a_square() -> None:
    image = Image.new("RGB", (300, 100), "red")
    ImageDraw.Draw(image).rectangle((100, 0, 199, 99), "blue")
    for side in (16, 256):
        square = encodings.square(image, side)
        assert square.size == (side, side)
        assert square.getpixel((side // 2, side // 2)) == (0, 0, 255)
        assert square.getpixel((1, side // 2)) == (0, 0, 255)


def test_every_format_is_smaller_than_the_one_before_it_and_can_be_seen(scene: Image.Image) -> None:
    found = list(encodings.ways(scene))
    assert [way.name for way in found] == ["raw RGB", "PNG", "JPEG", "WebP", "AVIF", "HEIC"]
    assert [way.bits[0] for way in found] == sorted((way.bits[0] for way in found), reverse=True)
    assert found[0].bits == (256 * 256 * 24, 1024 * 1024 * 24)
    assert all(way.bits[1] > way.bits[0] for way in found)
    for way in found:
        assert way.shown is not None
        assert (way.shown.size, way.shown.mode) == ((256, 256), "RGB")


def test_a_lossless_file_shows_the_picture_itself(scene: Image.Image) -> None:
    raw, png = list(encodings.ways(scene))[:2]
    assert raw.shown is not None
    assert png.shown is not None
    assert raw.shown.tobytes() == png.shown.tobytes()


def test_what_this_pillow_cannot_write_is_left_out(scene: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encodings.missing() == []
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "avif")
    monkeypatch.setattr(heic, "installed", lambda: False)
    assert encodings.missing() == ["AVIF", "HEIC"]
    assert [way.name for way in encodings.ways(scene)] == ["raw RGB", "PNG", "JPEG", "WebP"]
