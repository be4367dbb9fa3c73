"""Lines that a person types while a call runs: `/profile NAME` changes how speech is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
