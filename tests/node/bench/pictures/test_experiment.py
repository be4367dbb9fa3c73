"""A picture in every encoding, and the article's sentence, whose figures are found again."""

from __future__ import annotations

import pytest
from PIL import Image

from node.bench.pictures import experiment
from node.captions.coder import shipped_codecs
from node.vision.formats import heic
from node.vision.scenes import SceneSequence

FILES = ["raw RGB", "PNG", "JPEG", "WebP", "AVIF", *["HEIC"] * heic.installed()]
WORDS = ["caption, article's LZW", "caption, ours"]
PAINTED = Image.new("RGB", (8, 8))


def test_every_encoding_is_measured() -> None:
    scene = SceneSequence(1).image(1.0)
    result = experiment.measure_picture(shipped_codecs(), "scene.png", scene, "a cat on a bench", PAINTED)
    assert [encoding.name for encoding in result.encodings] == [*FILES, "580-byte thumbnail", *WORDS]
    assert result.encodings[-1].shown is PAINTED
    done = experiment.as_dict(result)
    assert (done["file"], done["caption"], done["known"]) == ("scene.png", "a cat on a bench", True)
    assert done["ways"][0] == {
        "name": "raw RGB", "note": "24 bits a pixel",
        "bits_256": 1_572_864, "ratio_256": 1.0, "bits_1024": 25_165_824, "ratio_1024": 1.0,
    }  # fmt: skip


def test_without_webp_there_is_no_thumbnail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda feature: feature == "jpg")
    monkeypatch.setattr(heic, "installed", lambda: False)
    result = experiment.measure_picture(shipped_codecs(), "scene.png", SceneSequence(1).image(1.0), "a cat", PAINTED)
    assert [encoding.name for encoding in result.encodings] == [*FILES[:3], *WORDS]


def test_its_figures_are_found_again() -> None:
    done = experiment.measure_article(shipped_codecs())
    assert done.theirs.bits == (174, 174)
    assert done.their_ratios == (9039, 144_624)
    assert experiment.article_as_dict(done)["article"] == {"bits": 174, "ratio_256": 9039, "ratio_1024": 144_624}


def test_ours_stand_beside_them() -> None:
    painted = Image.new("RGB", (8, 8))
    done = experiment.measure_article(shipped_codecs(), painted)
    ours = experiment.article_as_dict(done)["ours"]
    assert ours["bits"] == done.ours.bits[0]
    assert ours["ratio_256"] == round(256 * 256 * 24 / ours["bits"], 1)
    assert ours["ratio_1024"] == round(1024 * 1024 * 24 / ours["bits"], 1)
    assert done.ours.shown is painted
