"""The figures in a terminal."""

from __future__ import annotations

import pytest

from node.bench.pictures import tables
from node.bench.pictures.article import article
from node.bench.pictures.experiment import Result
from node.bench.pictures.ways import Way
from node.captions.coder import shipped_codecs


def test_each_picture_has_a_table_of_unfolded_lines(capsys: pytest.CaptureFixture[str]) -> None:
    ways = (Way("raw RGB", "", (1_572_864, 25_165_824)), Way("caption, ours", "", (16, 16)))
    tables.show([Result("[red]one[/red].png", "a [b]cat[/b]", ways), Result("two.png", "a dog", ways)], None)
    printed = capsys.readouterr().out
    assert "[red]one[/red].png: a [b]cat[/b]\n" in printed
    assert "two.png: a dog\n" in printed
    rows = [line.split() for line in printed.splitlines() if "ours" in line]
    assert rows == [["caption,", "ours", "16", "98,304:1", "16", "1,572,864:1"]] * 2


def test_the_articles_own_ratios_are_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show([], article(shipped_codecs()))
    printed = capsys.readouterr().out
    assert "a cat sitting on top of a wooden bench" in printed
    assert [line.split()[-4:] for line in printed.splitlines() if "LZW" in line] == [
        ["174", "9,039:1", "174", "144,624:1"]
    ]
