"""Lines that a person types while a call runs: `/profile NAME` changes how speech is sent."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from node.speech import choice
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.call import Node

HELP = "type /profile NAME to change how speech is sent"


def obey(node: Node, line: str, note: Callable[[str], None]) -> None:
    """Does what a line says; notes what is wrong with it."""
    if not line.strip():
        return
    try:
        profile = choice.typed(line)
    except UsageError as error:
        note(str(error))
        return
    if profile is None:
        note(HELP)
    else:
        node.change(profile)


@contextlib.contextmanager
def lines(to: Callable[[str], None], source: TextIO | None = None) -> Iterator[None]:
    """Gives each line to ``to``, for the length of the context, if somebody can type there: not from a pipe or file."""
    stream = source or sys.stdin
    loop = asyncio.get_running_loop()
    if stream is None or not stream.isatty():
        yield
        return

    def typed() -> None:
        line = stream.readline()
        if line:
            to(line)
        else:
            loop.remove_reader(stream)  # Ctrl-D: nothing more will come

    try:
        loop.add_reader(stream, typed)
    except (NotImplementedError, OSError):  # Windows' loop watches no terminals
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(stream)
