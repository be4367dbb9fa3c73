"""The console of `rich` for foreign text. Imported only where something is drawn: `rich` takes 60 ms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from node.common.printable import inert, printable


class TextConsole(Console):
    """A console that draws to `file` and takes every string as text: titles, headings, cells and lines alike.

    Text that is laid out already (`Text`, a bar) keeps its lines, and loses what a terminal would execute.
    """

    def __init__(self, file: IO[str], **options: Any) -> None:
        super().__init__(file=file, markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **style: Any) -> Text:
        """Return a string as text without markup, whatever the options are."""
        return super().render_str(printable(text), **(style | {"markup": False, "emoji": False}))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield segments without what a terminal would execute; the console's own sequences are `control` segments."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(inert(segment.text), segment.style)
