"""The page: whole in itself."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

from PIL import Image

from node.bench.pictures.article import article
from node.bench.pictures.experiment import Result
from node.bench.pictures.report import UNKNOWN, page
from node.bench.pictures.ways import Way
from node.captions.coder import shipped_codecs

PAINTED = Image.new("RGB", (512, 300), "blue")
RAW = Way("raw <RGB>", "", (1_572_864, 25_165_824), Image.new("RGB", (256, 256), "red"))
THEIRS = Way("caption, theirs", "", (174, 174), words="acat")
WAYS = (RAW, THEIRS, Way("caption, ours", "two", (16, 16), PAINTED, "a cat"))
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


def test_it_is_whole_and_needs_no_network() -> None:
    text = page([Result("one.png", "a cat", WAYS)], article(shipped_codecs(), PAINTED))
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
    for link in Tree(page([Result("one.png", "a cat", WAYS)], None)).links:
        with Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2]))) as image:
            assert image.size == (256, 256)


def test_figures_and_words_are_all_there() -> None:
    text = page([Result("one.png", "a cat", WAYS)], article(shipped_codecs(), PAINTED))
    for part in ("one.png", "a cat", "98,304:1", "1,572,864:1", "acat", "9,039:1", "144,624:1", "1024x1024"):
        assert part in text
    assert len(re.findall(r'<tr class="ours">', text)) == 2


def test_what_others_wrote_is_escaped() -> None:
    text = page([Result("<b>&.png", 'a <script>"cat"</script> {style}', WAYS)], None)
    assert "<script>" not in text
    assert "&lt;b&gt;&amp;.png" in text
    assert "raw &lt;RGB&gt;" in text
    assert "{style}" in text


def test_what_is_missing_or_guessed_is_told() -> None:
    results = [Result("one.png", "a cat", WAYS, known=False)]
    assert UNKNOWN in page(results, None)
    assert "without: AVIF, WebP." in page(results, None, ["AVIF", "WebP"])
    whole = page([Result("one.png", "a cat", WAYS)], None)
    assert UNKNOWN not in whole
    assert "without" not in whole
