"""Every way to send one picture."""

from __future__ import annotations

import pytest
from PIL import Image

from node.bench.pictures import experiment
from node.vision.formats import heic
from node.vision.scenes import SceneSequence

FILES = ["raw RGB", "PNG", "JPEG", "WebP", "AVIF", *["HEIC"] * heic.installed()]
WORDS = ["caption, article's LZW", "caption, ours"]
PAINTED = Image.new("RGB", (8, 8))


def test_all_ways_are_measured() -> None:
    result = experiment.measure("scene.png", SceneSequence(1).image(1.0), "a cat on a bench", PAINTED)
    assert [way.name for way in result.ways] == [*FILES, "580-byte thumbnail", *WORDS]
    assert result.ways[-1].shown is PAINTED
    done = experiment.as_dict(result)
    assert (done["file"], done["caption"], done["known"]) == ("scene.png", "a cat on a bench", True)
    assert done["ways"][0] == {
        "name": "raw RGB", "note": "24 bits a pixel",
        "bits_256": 1_572_864, "ratio_256": 1.0, "bits_1024": 25_165_824, "ratio_1024": 1.0,
    }  # fmt: skip


def test_without_webp_there_is_no_thumbnail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda feature: feature == "jpg")
    monkeypatch.setattr(heic, "installed", lambda: False)
    result = experiment.measure("scene.png", SceneSequence(1).image(1.0), "a cat", PAINTED)
    assert [way.name for way in result.ways] == [*FILES[:3], *WORDS]
