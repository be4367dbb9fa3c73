"""The article's sentence: its figures are found again."""

from __future__ import annotations

from PIL import Image

from node.bench.pictures import article
from node.captions.coder import shipped_codecs


def test_its_figures_are_found_again() -> None:
    done = article.article(shipped_codecs())
    assert done.theirs.bits == (174, 174)
    assert done.their_ratios == (9039, 144_624)
    assert article.as_dict(done)["article"] == {"bits": 174, "ratio_256": 9039, "ratio_1024": 144_624}


def test_ours_stand_beside_them() -> None:
    painted = Image.new("RGB", (8, 8))
    done = article.article(shipped_codecs(), painted)
    ours = article.as_dict(done)["ours"]
    assert ours["bits"] == done.ours.bits[0]
    assert ours["ratio_256"] == round(256 * 256 * 24 / ours["bits"], 1)
    assert ours["ratio_1024"] == round(1024 * 1024 * 24 / ours["bits"], 1)
    assert done.ours.shown is painted
