"""The experiment's report: tables in a terminal, and one HTML page with its pictures inline, no script, no network."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING

from node.bench.pictures.encodings import SIDES, Encoding, as_ratio, encoded, raw_bits, square
from node.bench.pictures.experiment import SENTENCE, Article, PictureResult
from node.common import html_page, output

if TYPE_CHECKING:
    from PIL import Image
    from rich.table import Table

# Of a table that goes to a file: none of its lines is folded.
TABLE_WIDTH = 100

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
UNKNOWN = "The captioner knows drawn scenes only, and this looks like none: its words are a guess."
BODY = """<p class="pale">What a picture costs as a file, as a thumbnail, and as a sentence that the receiver paints
again.</p>
{sections}
<footer>
<p>Files are of the middle square of the picture, scaled to the side; what is shown is the {side}x{side} one, as the
receiver sees it. The bars are logarithmic. Ratios are against raw RGB of 24 bits a pixel. The article's LZW counts the
bits of its code, as the article does; our caption counts whole bytes, as a frame carries it.{missing}</p>
</footer>
"""


def show(results: Iterable[PictureResult], article: Article | None) -> None:
    """Print a table for the article's sentence, unless None, and one for each picture."""
    console = output.console()
    if not console.is_terminal:
        console.width = TABLE_WIDTH
    if article is not None:
        output.say(f"the article's sentence: {SENTENCE}")
        ours = (article.ours, article.ours.ratios)
        console.print(_table([(article.theirs, article.their_ratios), ours]))
    for result in results:
        output.say(f"{result.name}: {result.caption}")
        console.print(_table((encoding, encoding.ratios) for encoding in result.encodings))


def _table(rows: Iterable[tuple[Encoding, tuple[float, ...]]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("bits and ratio at")
    for side in SIDES:
        table.add_column(f"{side}x{side}", justify="right")
        table.add_column("", justify="right")
    for encoding, ratios in rows:
        pairs = [(f"{bits:,}", as_ratio(ratio)) for bits, ratio in zip(encoding.bits, ratios, strict=True)]
        table.add_row(encoding.name, *itertools.chain.from_iterable(pairs))
    return table


def page(results: Iterable[PictureResult], article: Article | None, missing: Sequence[str] = ()) -> str:
    """Return the page. `missing` are formats that could not be written here."""
    sections = [] if article is None else [_article(article)]
    sections += [_picture(result) for result in results]
    style = resources.files("node.bench.pictures").joinpath("report.css").read_text(encoding="utf-8")
    lacking = f" Not measured, as Pillow is here without: {', '.join(missing)}." if missing else ""
    body = BODY.format(sections="\n".join(sections), side=SIDES[0], missing=lacking)
    return html_page.page("Pictures as words", POLICY, style, body)


def _article(article: Article) -> str:
    rows = ((article.theirs, article.their_ratios), (article.ours, article.ours.ratios))
    figures = "" if article.ours.shown is None else _figures((article.theirs, article.ours))
    return f"<h2>The article's sentence</h2>\n{_quote(SENTENCE)}\n{figures}\n{_html_table(rows)}"


def _picture(result: PictureResult) -> str:
    table = _html_table((encoding, encoding.ratios) for encoding in result.encodings)
    remark = "" if result.known else f'<p class="pale">{UNKNOWN}</p>\n'
    heading = f"<h2>{html.escape(result.name)}</h2>\n{_quote(result.caption)}\n{remark}"
    return f"{heading}{_figures(result.encodings)}\n{table}"


def _quote(caption: str) -> str:
    return f"<blockquote>{html.escape(caption)}</blockquote>"


def _figures(encodings: Iterable[Encoding]) -> str:
    return f'<div class="pictures">\n{"".join(map(_figure, encodings))}</div>'


def _figure(encoding: Encoding) -> str:
    name, note = html.escape(encoding.name), html.escape(encoding.note)
    words = f'<div class="words">{html.escape(encoding.words)}</div>'
    arrives = words if encoding.shown is None else _image(encoding.shown, encoding.name)
    caption = f"<b>{name}</b>{encoding.bits[0]:,} bits<small>{note}</small>"
    return f"<figure{_class(encoding)}>{arrives}<figcaption>{caption}</figcaption></figure>\n"


def _image(image: Image.Image, name: str) -> str:
    source = html_page.data_uri("image/png", encoded(square(image, SIDES[0]), "PNG"))
    return f'<img src="{source}" alt="{html.escape(name)}" width="{SIDES[0]}" height="{SIDES[0]}">'


def _html_table(rows: Iterable[tuple[Encoding, Sequence[float]]]) -> str:
    heads = "".join(f'<th scope="col">{side}x{side}</th>' for side in SIDES)
    body = "".join(_row(encoding, ratios) for encoding, ratios in rows)
    return (
        f'<table>\n<thead><tr><th scope="col">bits, ratio</th>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>'
    )


def _row(encoding: Encoding, ratios: Sequence[float]) -> str:
    cells = "".join(
        f"<td>{bits:,}<small>{as_ratio(ratio)}</small></td>" for bits, ratio in zip(encoding.bits, ratios, strict=True)
    )
    width = 100 * math.log2(max(2, encoding.bits[0])) / math.log2(raw_bits(SIDES[0]))
    bar = f'<span class="bar" style="width:{width:.0f}%"></span>'
    return f'<tr{_class(encoding)}><th scope="row">{html.escape(encoding.name)}{bar}</th>{cells}</tr>\n'


def _class(encoding: Encoding) -> str:
    return ' class="ours"' if encoding.words and encoding.shown is not None else ""
