"""Who is here, as a node's user sees it: lines about those who come and go, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from node.call.brokerless import NO_BROKER, BrokerlessMembers
from node.call.missing_links import MissingLinks
from node.links.attempts import attempt_with
from node.links.peer_events import PresenceNotes

if TYPE_CHECKING:
    from node.call.membership import RoomMembership
    from node.call.observers import Observers


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
