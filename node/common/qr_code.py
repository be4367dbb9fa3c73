"""QR codes of links: drawn with blocks for a terminal, and as the path of an SVG for a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Modules around the code; the standard wants four, and every reader takes two.
BORDER = 2


def terminal_lines(text: str, blocks: bool = True) -> list[str]:
    """Return the code's lines: of half blocks, or without `blocks` of spaces in the terminal's own colours.

    Light modules are the drawn ones: whoever prints them sees to it that those are lighter than the rest.
    """
    drawn = io.StringIO()
    _code(text).terminal(out=drawn, border=BORDER, compact=blocks)
    return drawn.getvalue().splitlines()


def draw_blocks(console: Console, lines: Sequence[str]) -> None:
    """Draw lines of half blocks, light on dark whatever the terminal's colours; nothing where it cannot draw them."""
    from rich.text import Text

    if console.is_terminal and console.encoding.startswith("utf"):
        console.print(Text("\n".join(lines), style="bright_white on black"), soft_wrap=True)


@lru_cache(maxsize=4)  # the links of a page, for every browser that opens it
def svg_path(text: str) -> dict[str, Any]:
    """Return the code for `<path d=... viewBox="0 0 size size">`: `size` in modules, its border included, and `path`.

    Each run of dark modules of a row is a rectangle, so that a path of a link's code takes some 5 kB.
    """
    rows = [bytes(row) for row in _code(text).matrix_iter(border=BORDER)]
    runs = (f"M{left} {top}h{length}v1h-{length}z" for top, row in enumerate(rows) for left, length in _dark_runs(row))
    return {"size": len(rows), "path": "".join(runs)}


def _code(text: str) -> Any:
    import segno

    return segno.make(text, micro=False, error="l")


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    """Return the begin and the length of each run of dark modules."""
    runs: list[tuple[int, int]] = []
    for column, dark in enumerate(row):
        if not dark:
            continue
        if runs and sum(runs[-1]) == column:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((column, 1))
    return runs
