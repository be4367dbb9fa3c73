"""Who is before the camera, as a person says it on the page: checked, read by the node, kept for later calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from node.common.printable import printable
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.web.observed_node import SaidIdentity

# Characters: a sentence with every attribute that the drawn world has takes some 120.
MAX_ME = 200


class IdentityError(ValueError):
    """A line that cannot say who is before the camera."""


def keep_nothing(text: str) -> None:
    """Keep nothing: what is said holds for this call."""


def checked(said: object) -> str:
    """Return what was said as one clean line. Raises IdentityError, which says what is wrong with it."""
    if not isinstance(said, str):
        raise IdentityError('"me" is a line of text')
    text = said.strip(" ")
    if len(text) > MAX_ME:
        raise IdentityError(f"{len(text)} characters: say it in {MAX_ME} at most")
    if printable(text) != text:
        raise IdentityError("it has characters that cannot be seen: write it in one plain line")
    return text


class KeptIdentity:
    """The node's identity, one change after another. `keep` writes it down for later calls; it may raise NodeError."""

    def __init__(self, identity: SaidIdentity, keep: Callable[[str], object]) -> None:
        self._identity, self._keep = identity, keep
        self._turn = asyncio.Lock()

    @property
    def text(self) -> str:
        """What was said last; "" if nothing was."""
        return self._identity.text

    async def change(self, text: str) -> list[str]:
        """Have the node read the text, and keep it; return the lines that say how it is read, and what is not.

        Beside the loop: a stranger's words are compared with all that the node knows, and the disk may be slow.
        """
        async with self._turn:
            unread = await asyncio.to_thread(self._identity.change, text)
            lines = [f"you are drawn as: {self._identity.understood}", *unread]
            try:
                await asyncio.to_thread(self._keep, text)
            except NodeError as error:
                return [*lines, f"this holds for this call, and is not kept: {error}"]
        return lines
