"""Progress on standard error: bars on a terminal, gone when done; a log sees nothing of them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from node.common import output
from node.common.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


def bars(count: ProgressColumn | None = None) -> Progress:
    """Bars, `count` telling how far each is in its own unit; without it, in whole things of so many."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = output.console(on_error=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        count or MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def waiting(text: str) -> AbstractContextManager[object]:
    """Says what is waited for, on a terminal and as long as the context lasts, when nobody knows how long it takes."""
    from rich.text import Text

    console = output.console(on_error=True)
    return console.status(Text(printable(text))) if console.is_terminal else nullcontext()  # a string is markup there
