"""A call's status in the terminal: a live table, or plain lines where the output is no terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from node.common import output
from node.common.notes import NotePace
from node.common.printable import printable
from node.common.qr_code import draw_blocks
from node.terminal.status_rows import View, rows

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group
    from rich.live import Live
    from rich.segment import Segment
    from rich.table import Table
    from rich.text import Text

    from node.call.node import Node

# Between two plain lines, in seconds: a log should show that the call lives without drowning the events in it.
PLAIN_EVERY_S = 5.0

PROMPT, CURSOR = "› ", "▏"

# Between a key and its drawing: a paste is drawn once.
REDRAW_S = 0.03


class Display(Protocol):
    """A display of a call; `note` adds a line about an event, `draw` a drawing of blocks where it is a terminal."""

    def note(self, text: str) -> None: ...

    def draw(self, lines: Sequence[str]) -> None: ...

    def refresh(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class CallDisplay(Display, Protocol):
    """A display of a call in which lines are typed."""

    def say(self, text: str) -> None:
        """Add a line of the chat, however many there are."""

    @property
    def typing(self) -> Callable[[str], None] | None:
        """What shows the line that is typed; None where the terminal does."""


class LiveTable:
    """A table that is drawn again at each refresh, and below it what is typed, drawn again soon after each key."""

    def __init__(self, views: Sequence[View], console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._views = views
        self._console = console
        self._pace = NotePace(clock)
        self._live: Live | None = None
        self._drawn: Table | None = None
        self._typed = ""
        self._redrawing: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(self._content(), console=self._console, auto_refresh=False)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._print(self._pace.due(at_end=True))
            self._typed = ""
            self._draw(anew=True)
            self._live.stop()
            self._live = None

    def note(self, text: str) -> None:
        self._print(self._pace.take(text))

    def say(self, text: str) -> None:
        self._print([text])

    @property
    def typing(self) -> Callable[[str], None]:
        return self._show_typed

    def _show_typed(self, text: str) -> None:
        self._typed = text
        if self._redrawing is None:
            self._redrawing = asyncio.get_running_loop().call_later(REDRAW_S, self._draw)

    def draw(self, lines: Sequence[str]) -> None:
        draw_blocks(self._console, lines)

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(_text(line))

    def refresh(self) -> None:
        self._print(self._pace.due())
        self._draw(anew=True)

    def _draw(self, anew: bool = False) -> None:
        if self._redrawing is not None:
            self._redrawing.cancel()
            self._redrawing = None
        if self._live is not None:
            self._live.update(self._content(anew), refresh=True)

    def _content(self, anew: bool = True) -> Group:
        """Return the table, as it is drawn already unless it is drawn `anew`, and the end of what is typed."""
        from rich.console import Group

        if anew or self._drawn is None:
            self._drawn = self._table()
        if not self._typed:
            return Group(self._drawn)
        return Group(_Beginning(self._drawn, beside=1), _text(f"{PROMPT}{self._end_of_typed()}{CURSOR}"))

    def _end_of_typed(self) -> str:
        """Return as much of the end of what is typed as one row shows beside the prompt and the cursor."""
        from rich.cells import cell_len

        room = max(4, self._console.width - len(PROMPT) - len(CURSOR) - 1)
        end = self._typed[-room:]
        while cell_len(end) > room:
            end = end[1:]
        return end

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(title="pictophone", title_justify="left", expand=False)
        table.add_column("")
        for view in self._views:
            table.add_column(_text(view.name), min_width=30, overflow="fold")
        columns = [rows(view, time.monotonic()) for view in self._views]
        for cells in zip(*columns, strict=True):
            table.add_row(_text(cells[0][0]), *(_text(value) for _, value in cells))
        return table


class _Beginning:
    """The first lines of a table, as many as leave the rows `beside` it in the window."""

    def __init__(self, table: Table, beside: int) -> None:
        self._table, self._beside = table, beside

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        lines = console.render_lines(self._table, options, pad=False)
        for line in lines[: max(0, console.height - self._beside)]:
            yield from line
            yield Segment.line()


class PlainLines:
    """A line for each node every few seconds, for logs and pipes."""

    def __init__(
        self,
        views: Sequence[View],
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._views = views
        self._write = write
        self._clock = clock
        self._pace = NotePace(clock)
        self._next = clock() + PLAIN_EVERY_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._print(self._pace.due(at_end=True))

    def note(self, text: str) -> None:
        self._print(self._pace.take(text))

    def say(self, text: str) -> None:
        self._print([text])

    @property
    def typing(self) -> None:
        return None

    def draw(self, lines: Sequence[str]) -> None:
        """Leave it out: a log has no use for it."""

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(printable(line))

    def refresh(self) -> None:
        now = self._clock()
        self._print(self._pace.due())
        if now < self._next:
            return
        self._next = now + PLAIN_EVERY_S
        for view in self._views:
            facts = ", ".join(f"{name} {value}" for name, value in rows(view, now) if value != "-")
            self._print([f"{view.name}: {facts}"])


def _text(text: str) -> Text:
    """Return the text as it is: no markup is read in it."""
    from rich.text import Text

    return Text(printable(text))


def choose(views: Sequence[View], quiet: bool) -> CallDisplay:
    """Return a live table on a terminal, else plain lines; on standard error if standard output is for a program."""
    console = output.console(on_error=quiet)
    if console.is_terminal:
        return LiveTable(views, console)
    return PlainLines(views, output.writer(on_error=quiet))


class BufferedNotes:
    """A buffer of notes until there is a display, which gets them and all later ones."""

    def __init__(self) -> None:
        self._early: list[str] = []
        self._display: Display | None = None

    def __call__(self, text: str) -> None:
        if self._display is None:
            self._early.append(text)
        else:
            self._display.note(text)

    def draw(self, lines: Sequence[str]) -> None:
        """Have the display, if there is one, draw these lines of light blocks where it is a terminal."""
        if self._display is not None:
            self._display.draw(lines)

    def to(self, display: Display) -> None:
        """Pass the notes so far, and all later ones, to this display."""
        self._display = display
        for text in self._early:
            display.note(text)
        self._early.clear()


def view(node: Node) -> View:
    """Return what the display shows of a node."""
    floor = node.floor
    shown = None if floor is None else lambda: floor.state
    return View(node.name, node.count, node.shown_peers, node.delay_ms, lambda: node.muted, node.routes, shown)
