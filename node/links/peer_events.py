"""The events of a room, for the parts of a node that subscribe to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protocol.captions.codebook_id import CodebookId
    from protocol.rtp.receiver_reports import Report
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello


class PeerEvents:
    """Is notified of all that peers do, and ignores it: a base to derive from.

    Each method is called in the event loop and returns at once. `peer` is a node's id. An exception ends the handling
    of this event and is counted as a fault of the peer; a LocalError ends the node.
    """

    def joined(self, peer: str, hello: Hello) -> None:
        """Handle a peer that entered the room, or said hello with other contents."""

    def left(self, peer: str) -> None:
        """Handle a peer that left the room."""

    def link_opened(self, peer: str) -> None:
        """Handle a link that is being made; it replaces an earlier one with this peer."""

    def link_up(self, peer: str) -> None:
        """Handle a link over which media can travel from now on."""

    def link_ended(self, peer: str) -> None:
        """Handle the end of a link."""

    def route_changed(self, peer: str, route: str) -> None:
        """Handle another way of the speech with a peer: `direct`, by a link, `broker`, or `none`."""

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Handle a packet of speech, and the copies of earlier ones that came along.

        Its numbers are RTP's (48 kHz), whatever way it came; those of a peer go on when that changes.
        """

    def report_received(self, peer: str, report: Report) -> None:
        """Handle what a peer reports of our packets."""

    def picture_received(self, peer: str, frame: bytes, codebooks: Collection[CodebookId]) -> None:
        """Handle the frame of a picture, by a peer that codes with these codebooks. It may raise RemoteError."""

    def text_received(self, peer: str, frame: bytes) -> None:
        """Handle a frame of a peer's lines, or of what it has of others'. It may raise RemoteError."""

    def word_received(self, peer: str, payload: bytes) -> None:
        """Handle a peer's word about the floor (`protocol.signalling.floor_words`). It may raise RemoteError."""

    def picture_wanted(self, peer: str) -> None:
        """Handle a peer that has none of our pictures: it asks for the present one."""

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        """Handle a member that is here by its speech alone, its broker being gone, or (`is_so` false) no longer so.

        It may be none of our peers: another member vouches for it then, and its name is all that is known of it.
        """

    def broker_lost(self) -> None:
        """Handle the end of the connection with the broker: what was sent last may be lost."""

    def broker_returned(self) -> None:
        """Handle the broker's return: what it retained may be lost."""


class PeerEventHub(PeerEvents):
    """Passes each event on to its subscribers, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._subscribers: list[PeerEvents] = []

    def subscribe(self, *parts: PeerEvents) -> None:
        """Notify these parts of each event from now on."""
        self._subscribers += parts

    def joined(self, peer: str, hello: Hello) -> None:
        for part in self._subscribers:
            part.joined(peer, hello)

    def left(self, peer: str) -> None:
        for part in self._subscribers:
            part.left(peer)

    def link_opened(self, peer: str) -> None:
        for part in self._subscribers:
            part.link_opened(peer)

    def link_up(self, peer: str) -> None:
        for part in self._subscribers:
            part.link_up(peer)

    def link_ended(self, peer: str) -> None:
        for part in self._subscribers:
            part.link_ended(peer)

    def route_changed(self, peer: str, route: str) -> None:
        for part in self._subscribers:
            part.route_changed(peer, route)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        for part in self._subscribers:
            part.speech_received(peer, sequence, timestamp, payload, copies)

    def report_received(self, peer: str, report: Report) -> None:
        for part in self._subscribers:
            part.report_received(peer, report)

    def picture_received(self, peer: str, frame: bytes, codebooks: Collection[CodebookId]) -> None:
        for part in self._subscribers:
            part.picture_received(peer, frame, codebooks)

    def text_received(self, peer: str, frame: bytes) -> None:
        for part in self._subscribers:
            part.text_received(peer, frame)

    def word_received(self, peer: str, payload: bytes) -> None:
        for part in self._subscribers:
            part.word_received(peer, payload)

    def picture_wanted(self, peer: str) -> None:
        for part in self._subscribers:
            part.picture_wanted(peer)

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        for part in self._subscribers:
            part.here_by_speech(peer, name, is_so)

    def broker_lost(self) -> None:
        for part in self._subscribers:
            part.broker_lost()

    def broker_returned(self) -> None:
        for part in self._subscribers:
            part.broker_returned()


class PresenceNotes(PeerEvents):
    """Notes which peers join and leave, in a line each for the user."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._names: dict[str, str] = {}

    def joined(self, peer: str, hello: Hello) -> None:
        self._names[peer] = hello.name or peer
        self._note(f"{self._names[peer]} is here")

    def left(self, peer: str) -> None:
        self._note(f"{self._names.pop(peer, peer)} has left")
