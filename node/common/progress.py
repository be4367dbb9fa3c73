"""Progress on standard error: bars that vanish when done, on a terminal only."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from node.common import output
from node.common.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


def bars(count: ProgressColumn | None = None) -> Progress:
    """Return progress bars; `count` is the column of how much is done, by default `done/total`."""
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
    """Show what is waited for, on a terminal and for the length of the context, if the time is unknown."""
    from rich.text import Text

    console = output.console(on_error=True)
    return console.status(Text(printable(text))) if console.is_terminal else nullcontext()  # a string is markup there
