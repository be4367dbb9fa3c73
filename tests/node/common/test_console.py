"""Tables, titles and lines on a console of paper: nothing in them is markup, and nothing is obeyed."""

from __future__ import annotations

import io

from rich.live import Live
from rich.table import Table
from rich.text import Text

from node.common.console import TextConsole

HOSTILE = "[/b][red]:smile:[link=x]\x1b]52;c;aA=\x07\n\u202eolleh"
SHOWN = "[/b][red]:smile:[link=x]�]52;c;aA=� �olleh"


def paper() -> tuple[io.StringIO, TextConsole]:
    file = io.StringIO()
    return file, TextConsole(file, force_terminal=True, width=200)


def test_a_string_is_text_wherever_it_stands() -> None:
    file, console = paper()
    table = Table(title=HOSTILE, caption=HOSTILE)
    table.add_column(HOSTILE, footer=HOSTILE)
    table.add_row(HOSTILE)
    table.show_footer = True
    console.print(table)
    console.print(HOSTILE)
    console.print(HOSTILE, markup=True, emoji=True)
    console.rule(HOSTILE)
    with Live(HOSTILE, console=console, auto_refresh=False) as live:
        live.update(HOSTILE, refresh=True)
    written = file.getvalue()
    assert written.count(SHOWN) >= 8
    assert "\x1b]" not in written
    assert "\u202e" not in written


def test_text_that_is_laid_out_loses_what_a_terminal_would_obey() -> None:
    file, console = paper()
    console.print(Text("two\nlines\x1b]0;title\x07\x9b\u2067"))
    assert "two\nlines�]0;title" in file.getvalue()
    assert not {"\x1b", "\x07", "\x9b", "\u2067"} & set(file.getvalue())


def test_styles_and_the_consoles_own_orders_stay() -> None:
    file, console = paper()
    console.print(Text("red", style="red"))
    console.show_cursor(False)
    assert "\x1b[31mred\x1b[0m" in file.getvalue()
    assert "\x1b[?25l" in file.getvalue()
