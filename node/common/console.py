"""The console of `rich` for text that others wrote. Imported where something is drawn: `rich` takes 60 ms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from node.common.printable import inert, printable


class TextConsole(Console):
    """Takes every string as text: titles, headings, cells and lines alike. `file` is where it draws.

    What is laid out already (`Text`, a bar) keeps its lines, and loses what a terminal would obey.
    """

    def __init__(self, file: IO[str], **options: Any) -> None:
        super().__init__(file=file, markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **look: Any) -> Text:
        """Make text of a string, without markup, whatever is asked for."""
        return super().render_str(printable(text), **(look | {"markup": False, "emoji": False}))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw, and keep from the terminal what it would obey; its own orders are `control` segments."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(inert(segment.text), segment.style)
