"""The tables in a terminal, and the page, complete in itself."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from node.bench.pictures import report
from node.bench.pictures.encodings import Encoding
from node.bench.pictures.experiment import PictureResult, measure_article
from node.bench.pictures.report import UNKNOWN, page
from node.captions.coder import shipped_codecs

PAINTED = Image.new("RGB", (512, 300), "blue")
RED = Image.new("RGB", (256, 256), "red")
ENCODINGS = (
    Encoding(name="raw <RGB>", note="", bits=(1_572_864, 25_165_824), shown=RED),
    Encoding(name="caption, theirs", note="", bits=(174, 174), words="acat"),
    Encoding(name="caption, ours", note="two", bits=(16, 16), shown=PAINTED, words="a cat"),
)
RESULT = PictureResult(name="one.png", caption="a cat", encodings=ENCODINGS)
VOID = {"meta", "img"}


class Tree(HTMLParser):
    """Checks that every tag is closed, and collects what tags name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "srcset", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_complete_and_needs_no_network() -> None:
    text = page([RESULT], measure_article(shipped_codecs(), PAINTED))
    tree = Tree(text)
    assert "script" not in tree.tags
    assert "link" not in tree.tags
    assert tree.links
    assert all(link.startswith("data:image/png;base64,") for link in tree.links)
    assert "url(" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_its_pictures_are_squares_of_one_size() -> None:
    for link in Tree(page([RESULT], None)).links:
        with Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2]))) as image:
            assert image.size == (256, 256)


def test_figures_and_words_are_all_there() -> None:
    text = page([RESULT], measure_article(shipped_codecs(), PAINTED))
    for part in ("one.png", "a cat", "98,304:1", "1,572,864:1", "acat", "9,039:1", "144,624:1", "1024x1024"):
        assert part in text
    assert len(re.findall(r'<tr class="ours">', text)) == 2


def test_what_others_wrote_is_escaped() -> None:
    text = page([PictureResult(name="<b>&.png", caption='a <script>"cat"</script> {style}', encodings=ENCODINGS)], None)
    assert "<script>" not in text
    assert "&lt;b&gt;&amp;.png" in text
    assert "raw &lt;RGB&gt;" in text
    assert "{style}" in text


def test_what_is_missing_or_guessed_is_said() -> None:
    results = [dataclasses.replace(RESULT, known=False)]
    assert UNKNOWN in page(results, None)
    assert "without: AVIF, WebP." in page(results, None, ["AVIF", "WebP"])
    complete = page([RESULT], None)
    assert UNKNOWN not in complete
    assert "without" not in complete


def test_each_picture_has_a_table_of_unfolded_lines(capsys: pytest.CaptureFixture[str]) -> None:
    encodings = (
        Encoding(name="raw RGB", note="", bits=(1_572_864, 25_165_824)),
        Encoding(name="caption, ours", note="", bits=(16, 16)),
    )
    results = [
        PictureResult(name="[red]one[/red].png", caption="a [b]cat[/b]", encodings=encodings),
        PictureResult(name="two.png", caption="a dog", encodings=encodings),
    ]
    report.show(results, None)
    printed = capsys.readouterr().out
    assert "[red]one[/red].png: a [b]cat[/b]\n" in printed
    assert "two.png: a dog\n" in printed
    rows = [line.split() for line in printed.splitlines() if "ours" in line]
    assert rows == [["caption,", "ours", "16", "98,304:1", "16", "1,572,864:1"]] * 2


def test_the_articles_own_ratios_are_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    report.show([], measure_article(shipped_codecs()))
    printed = capsys.readouterr().out
    assert "a cat sitting on top of a wooden bench" in printed
    assert [line.split()[-4:] for line in printed.splitlines() if "LZW" in line] == [
        ["174", "9,039:1", "174", "144,624:1"]
    ]
