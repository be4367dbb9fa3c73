"""The experiment's figures as tables in a terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from node.bench.pictures.article import SENTENCE, Article
from node.bench.pictures.experiment import Result
from node.bench.pictures.ways import SIDES, Way, as_ratio
from node.common import output

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 100  # of a table that goes to a file: none of its lines is folded


def show(results: Iterable[Result], article: Article | None) -> None:
    """Prints a table for the article's sentence, if asked for, and one for each picture."""
    console = output.console()
    if not console.is_terminal:
        console.width = WIDTH
    if article is not None:
        output.say(f"the article's sentence: {SENTENCE}")
        ours = (article.ours, article.ours.ratios)
        console.print(_table([(article.theirs, article.their_ratios), ours]))
    for result in results:
        output.say(f"{result.name}: {result.caption}")
        console.print(_table((way, way.ratios) for way in result.ways))


def _table(rows: Iterable[tuple[Way, tuple[float, ...]]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("bits and ratio at")
    for side in SIDES:
        table.add_column(f"{side}x{side}", justify="right")
        table.add_column("", justify="right")
    for way, ratios in rows:
        pairs = [(f"{bits:,}", as_ratio(ratio)) for bits, ratio in zip(way.bits, ratios, strict=True)]
        table.add_row(way.name, *itertools.chain.from_iterable(pairs))
    return table
