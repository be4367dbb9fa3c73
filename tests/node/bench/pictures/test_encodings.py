"""A picture in every encoding."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw
from stand_in_codec import STAND_IN, stand_in_codecs

from node.bench.pictures import encodings
from node.bench.pictures.encodings import Encoding, as_ratio, raw_bits
from node.vision.formats import heic
from node.vision.scenes import SceneSequence

PAINTED = Image.new("RGB", (8, 8))

needs_heic = pytest.mark.skipif(not heic.installed(), reason="needs the package pillow-heif")


def test_ratios_are_against_raw_pixels_at_both_sides() -> None:
    assert (raw_bits(256), raw_bits(1024)) == (1_572_864, 25_165_824)
    assert Encoding(name="two bytes", note="", bits=(16, 16)).ratios == (98_304, 1_572_864)
    assert Encoding(name="raw", note="", bits=(1_572_864, 25_165_824)).ratios == (1, 1)
    assert Encoding(name="nothing", note="", bits=(0, 0)).ratios == (1_572_864, 25_165_824)


def test_a_ratio_is_written_as_in_the_article() -> None:
    assert [as_ratio(ratio) for ratio in (1.0, 1.34, 9039.4, 1_572_864.0)] == [
        "1.0:1",
        "1.3:1",
        "9,039:1",
        "1,572,864:1",
    ]


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


@needs_heic
def test_every_format_is_smaller_than_the_one_before_it_and_can_be_seen(scene: Image.Image) -> None:
    found = list(encodings.as_files(scene))
    assert [encoding.name for encoding in found] == ["raw RGB", "PNG", "JPEG", "WebP", "AVIF", "HEIC"]
    assert [encoding.bits[0] for encoding in found] == sorted((encoding.bits[0] for encoding in found), reverse=True)
    assert found[0].bits == (256 * 256 * 24, 1024 * 1024 * 24)
    assert all(encoding.bits[1] > encoding.bits[0] for encoding in found)
    for encoding in found:
        assert encoding.shown is not None
        assert (encoding.shown.size, encoding.shown.mode) == ((256, 256), "RGB")


def test_a_lossless_file_shows_the_picture_itself(scene: Image.Image) -> None:
    raw, png = list(encodings.as_files(scene))[:2]
    assert raw.shown is not None
    assert png.shown is not None
    assert raw.shown.tobytes() == png.shown.tobytes()


@needs_heic
def test_what_this_pillow_cannot_write_is_left_out(scene: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encodings.missing() == []
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "avif")
    monkeypatch.setattr(heic, "installed", lambda: False)
    assert encodings.missing() == ["AVIF", "HEIC"]
    assert [encoding.name for encoding in encodings.as_files(scene)] == ["raw RGB", "PNG", "JPEG", "WebP"]


@pytest.mark.parametrize("seed", [1, 20_000_001])
def test_it_comes_close_to_its_bytes_and_not_over(seed: int) -> None:
    found = encodings.thumbnail(SceneSequence(seed).image(1.0))
    assert found is not None
    assert encodings.THUMBNAIL_BYTES - 20 <= len(found.data) <= encodings.THUMBNAIL_BYTES
    assert encodings.decoded(found.data).size == (found.side, found.side)


def test_noise_gets_a_smaller_one() -> None:
    found = encodings.thumbnail(Image.effect_noise((256, 256), 120).convert("RGB"))
    assert found is not None
    assert len(found.data) <= encodings.THUMBNAIL_BYTES


def test_a_plain_picture_gets_the_largest() -> None:
    found = encodings.thumbnail(Image.new("RGB", (300, 200), "red"))
    assert found is not None
    assert len(found.data) < 200
    assert found.side > 100


def test_as_an_encoding_it_costs_the_same_at_both_sides() -> None:
    encoding = encodings.as_thumbnail(SceneSequence(1).image(1.0))
    assert encoding is not None
    assert encoding.bits[0] == encoding.bits[1] <= 8 * encodings.THUMBNAIL_BYTES
    assert encoding.shown is not None
    assert encoding.shown.size == (256, 256)
    assert f"{encoding.bits[0] // 8} bytes" in encoding.note


def test_there_is_none_where_none_is_so_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "THUMBNAIL_BYTES", 20)
    assert encodings.as_thumbnail(SceneSequence(1).image(1.0)) is None


def test_the_article_counts_its_code_and_we_whole_bytes() -> None:
    theirs, ours = encodings.as_captions(stand_in_codecs(), "a cat sitting on top of a wooden bench", PAINTED)
    assert (theirs.bits, theirs.words, theirs.shown) == ((174, 174), "acatsittingontopofawoodenbench", None)
    assert (ours.bits, ours.shown) == ((8 * 38, 8 * 38), PAINTED)
    assert ours.note == f"38 bytes, codec {STAND_IN} (stand-in)"


def test_no_words_are_no_failure() -> None:
    theirs, ours = encodings.as_captions(stand_in_codecs(), "", None)
    assert (theirs.bits, theirs.words) == ((0, 0), "")
    assert ours.words == ""
