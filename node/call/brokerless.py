"""Members whose broker is away while their speech goes on: notes on them, and how they are shown.

They are peers of this node, or others for which a peer vouches (`protocol.signalling.by_speech`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from node.links.peer_events import PeerEvents

if TYPE_CHECKING:
    from protocol.signalling import Hello

NO_BROKER = "no broker now"


def broker_gone(reason: str, hellos: Mapping[str, Hello], waits: Callable[[str], bool]) -> str:
    """Return the line about our own broker; `waits` tells with which of the peers speech waits for it."""
    waiting = [hello.name or peer for peer, hello in hellos.items() if waits(peer)]
    speech = f"and so does the speech with {', '.join(waiting)}" if waiting else "speech goes on"
    return f"the broker is gone ({reason}); pictures and text wait for it, {speech}"


class BrokerlessMembers(PeerEvents):
    """The members that are here by their speech alone; `hellos` are those of the peers, with the names that are shown.

    A line about each goes to `note`.
    """

    def __init__(self, hellos: Mapping[str, Hello], note: Callable[[str], None]) -> None:
        self._hellos, self._note = hellos, note
        self._names: dict[str, str] = {}
        self._vouched: set[str] = set()

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        """Note that a member has lost its broker, is heard of without one, or is back or gone."""
        if is_so:
            self._has_none(peer, name)
        else:
            self._names.pop(peer, None)
            self._has_it_again(peer, name)

    def is_without(self, peer: str) -> bool:
        """Return whether a member has no broker now."""
        return peer in self._names

    def others(self) -> list[str]:
        """Return the names of those that are none of our peers."""
        return [name for peer, name in self._names.items() if peer not in self._hellos]

    def _has_none(self, peer: str, name: str) -> None:
        if (hello := self._hellos.get(peer)) is not None:
            self._names[peer] = hello.name or peer
            self._note(f"{self._names[peer]} has no broker now: no pictures and lines of it come, its speech goes on")
        else:
            self._vouched.add(peer)
            self._names[peer] = name or peer
            self._note(f"{self._names[peer]} is here, too, but has no broker now: it can be met once it is back")

    def _has_it_again(self, peer: str, name: str) -> None:
        vouched, hello = peer in self._vouched, self._hellos.get(peer)
        self._vouched.discard(peer)
        if hello is None and vouched:
            self._note(f"{name or peer} has left")
        elif hello is not None and not vouched:
            self._note(f"{hello.name or peer} has its broker again")
