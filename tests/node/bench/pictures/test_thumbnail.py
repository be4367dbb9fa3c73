"""The article's thumbnail of 580 bytes."""

from __future__ import annotations

import pytest
from PIL import Image

from node.bench.pictures import encodings, thumbnail
from node.vision.scenes import SceneSequence


@pytest.mark.parametrize("seed", [1, 20_000_001])
def test_it_comes_close_to_its_bytes_and_not_over(seed: int) -> None:
    found = thumbnail.thumbnail(SceneSequence(seed).image(1.0))
    assert found is not None
    assert thumbnail.BYTES - 20 <= len(found.data) <= thumbnail.BYTES
    assert encodings.read(found.data).size == (found.side, found.side)


def test_noise_gets_a_smaller_one() -> None:
    found = thumbnail.thumbnail(Image.effect_noise((256, 256), 120).convert("RGB"))
    assert found is not None
    assert len(found.data) <= thumbnail.BYTES


def test_a_plain_picture_gets_the_largest() -> None:
    found = thumbnail.thumbnail(Image.new("RGB", (300, 200), "red"))
    assert found is not None
    assert len(found.data) < 200
    assert found.side > 100


def test_as_a_way_it_costs_the_same_at_both_sides() -> None:
    way = thumbnail.way(SceneSequence(1).image(1.0))
    assert way is not None
    assert way.bits[0] == way.bits[1] <= 8 * thumbnail.BYTES
    assert way.shown is not None
    assert way.shown.size == (256, 256)
    assert f"{way.bits[0] // 8} bytes" in way.note


def test_there_is_none_where_none_is_so_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail, "BYTES", 20)
    assert thumbnail.way(SceneSequence(1).image(1.0)) is None
