"""Who is here, as a node's user sees it: lines about those who come and go, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from node.call.missing_links import MissingLinks
from node.links.attempts import attempt_with
from node.links.peer_events import PeerEvents, PresenceNotes

if TYPE_CHECKING:
    from node.call.membership import RoomMembership
    from node.call.observers import Observers
    from protocol.signalling import Hello

NO_BROKER = "no broker now"


class Presence:
    """The members of a room: `note` gets a line about each change, `missing` knows with whom there is no speech."""

    def __init__(
        self, room: RoomMembership, observers: Observers, note: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._room = room
        self.missing = MissingLinks(
            room.carries,
            partial(attempt_with, room.peers),
            lambda: room.broker_is_up,
            note,
            clock=clock,
            found=observers.link_missing,
        )
        self._brokerless = BrokerlessMembers(room.hellos, note)
        room.subscribe(PresenceNotes(note), self.missing, self._brokerless)

    def shown(self) -> list[str]:
        """Return the names of the peers with what is wrong with each, and those that other members vouch for."""
        shown = [f"{hello.name or peer}{self._trouble(peer)}" for peer, hello in self._room.hellos.items()]
        return shown + [f"{name} ({NO_BROKER})" for name in self._brokerless.others()] or self._room.names()

    def _trouble(self, peer: str) -> str:
        if self._brokerless.is_without(peer):
            return f" ({NO_BROKER})"
        return self.missing.shown(peer, self._room.route(peer), self._room.speech.waits(peer))


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
