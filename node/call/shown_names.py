"""The names that peers are shown by: their own, with a number behind where another one here has it already."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable
from itertools import count

from node.common.printable import printable
from protocol.signalling import Hello
from protocol.signalling.messages import MAX_NAME_BYTES


class ShownNames:
    """Names that are different for all who are present, given out in the order of joining and kept until they leave.

    `own` is the node's own, which no peer is shown by. A line about two of one name goes to `note`.
    """

    def __init__(self, own: str, note: Callable[[str], None]) -> None:
        self._own, self._note = own, note
        self._given: dict[str, str] = {}
        self._claimed: dict[str, str] = {}

    def joined(self, peer: str, hello: Hello) -> Hello:
        """Return the hello of a peer that joined, or said another one, with the name to show; an empty one stays."""
        if not hello.name:
            self.left(peer)
            return hello
        if self._claimed.get(peer) != hello.name:
            self.left(peer)
            self._claimed[peer], self._given[peer] = hello.name, self._free(hello.name)
        return dataclasses.replace(hello, name=self._given[peer])

    def left(self, peer: str) -> None:
        """Let others have the peer's name."""
        self._claimed.pop(peer, None)
        self._given.pop(peer, None)

    def _free(self, name: str) -> str:
        """Return the name, or with the lowest number that makes it another one than all that are given; note that."""
        taken = {_likeness(other) for other in (self._own, *self._given.values())}
        if _likeness(name) not in taken:
            return name
        shown = next(shown for number in count(2) if _likeness(shown := _numbered(name, number)) not in taken)
        if _likeness(name) == _likeness(self._own):
            self._note(f"{shown} has the same name as you: --name gives you another one")
        else:
            self._note(f"{shown} is another one than {name}: two here have the same name")
        return shown


def _numbered(name: str, number: int) -> str:
    """Return the name with a number behind, so short that a hello or a recording holds it."""
    behind = f" {number}"
    return name.encode(errors="replace")[: MAX_NAME_BYTES - len(behind)].decode(errors="ignore") + behind


def _likeness(name: str) -> str:
    """Return what is equal for names that look alike: in upper case, in wide letters, with other spaces between."""
    return " ".join(unicodedata.normalize("NFKC", printable(name)).casefold().split())
