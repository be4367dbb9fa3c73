"""The experiment as one page that needs nothing else: pictures inline, no script, no network."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING

from node.bench.pictures.article import SENTENCE, Article
from node.bench.pictures.encodings import square, written
from node.bench.pictures.experiment import Result
from node.bench.pictures.ways import SIDES, Way, as_ratio, raw_bits

if TYPE_CHECKING:
    from PIL import Image

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
UNKNOWN = "The captioner knows drawn scenes only, and this looks like none: its words are a guess."
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Pictures as words</title>
<style>
{style}</style>
</head>
<body>
<h1>Pictures as words</h1>
<p class="pale">What a picture costs as a file, as a thumbnail, and as a sentence that the receiver paints again.</p>
{sections}
<footer>
<p>Files are of the middle square of the picture, scaled to the side; what is shown is the {side}x{side} one, as the
receiver sees it. The bars are logarithmic. Ratios are against raw RGB of 24 bits a pixel. The article's LZW counts the
bits of its code, as the article does; our caption counts whole bytes, as a frame carries it.{missing}</p>
</footer>
</body>
</html>
"""


def page(results: Iterable[Result], article: Article | None, missing: Sequence[str] = ()) -> str:
    """The whole page. ``missing`` are formats that could not be written here."""
    sections = [] if article is None else [_article(article)]
    sections += [_picture(result) for result in results]
    style = resources.files("node.bench.pictures").joinpath("page.css").read_text(encoding="utf-8")
    lacking = f" Not measured, as Pillow is here without: {', '.join(missing)}." if missing else ""
    return PAGE.format(policy=POLICY, style=style, sections="\n".join(sections), side=SIDES[0], missing=lacking)


def _article(article: Article) -> str:
    ways = ((article.theirs, article.their_ratios), (article.ours, article.ours.ratios))
    figures = "" if article.ours.shown is None else _figures((article.theirs, article.ours))
    return f"<h2>The article's sentence</h2>\n{_quote(SENTENCE)}\n{figures}\n{_table(ways)}"


def _picture(result: Result) -> str:
    table = _table((way, way.ratios) for way in result.ways)
    remark = "" if result.known else f'<p class="pale">{UNKNOWN}</p>\n'
    heading = f"<h2>{html.escape(result.name)}</h2>\n{_quote(result.caption)}\n{remark}"
    return f"{heading}{_figures(result.ways)}\n{table}"


def _quote(caption: str) -> str:
    return f"<blockquote>{html.escape(caption)}</blockquote>"


def _figures(ways: Iterable[Way]) -> str:
    return f'<div class="pictures">\n{"".join(map(_figure, ways))}</div>'


def _figure(way: Way) -> str:
    arrives = f'<div class="words">{html.escape(way.words)}</div>' if way.shown is None else _image(way.shown, way.name)
    told = f"<b>{html.escape(way.name)}</b>{way.bits[0]:,} bits<small>{html.escape(way.note)}</small>"
    return f"<figure{_class(way)}>{arrives}<figcaption>{told}</figcaption></figure>\n"


def _image(image: Image.Image, name: str) -> str:
    data = base64.b64encode(written(square(image, SIDES[0]), "PNG")).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(name)}" width="{SIDES[0]}" height="{SIDES[0]}">'


def _table(rows: Iterable[tuple[Way, Sequence[float]]]) -> str:
    heads = "".join(f'<th scope="col">{side}x{side}</th>' for side in SIDES)
    body = "".join(_row(way, ratios) for way, ratios in rows)
    return (
        f'<table>\n<thead><tr><th scope="col">bits, ratio</th>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>'
    )


def _row(way: Way, ratios: Sequence[float]) -> str:
    cells = "".join(
        f"<td>{bits:,}<small>{as_ratio(ratio)}</small></td>" for bits, ratio in zip(way.bits, ratios, strict=True)
    )
    width = 100 * math.log2(max(2, way.bits[0])) / math.log2(raw_bits(SIDES[0]))
    bar = f'<span class="bar" style="width:{width:.0f}%"></span>'
    return f'<tr{_class(way)}><th scope="row">{html.escape(way.name)}{bar}</th>{cells}</tr>\n'


def _class(way: Way) -> str:
    return ' class="ours"' if way.words and way.shown is not None else ""
