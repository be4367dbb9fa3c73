"""Push to talk at one node: the floor is asked for, and only while it is granted does the source reach the encoder.

Who has it is agreed on by `protocol.signalling.floor`; its words go by the link with each peer, and by the broker, so
that either is enough.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from node.call.observers import CallObserver
from node.call.stats import FloorCounts
from node.links.peer_events import PeerEvents
from protocol.errors import RemoteError
from protocol.signalling import Carries
from protocol.signalling.floor import WARN_S, Floor, FloorEvent
from protocol.signalling.floor_words import FloorWord, Word, decode, encode
from protocol.topics import Letter

if TYPE_CHECKING:
    from node.call.membership import RoomMembership
    from node.call.observers import Observers
    from node.speech.level_meter import MeteredSource
    from node.speech.send_stream import SendStream, SpeechPacket
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

# What the user reads of each event.
LINES = {
    FloorEvent.GRANTED: "you have the floor: speak",
    FloorEvent.REFUSED: "{name} speaks: ask again once the floor is free",
    FloorEvent.TAKEN: "{name} has the floor",
    FloorEvent.FREE: "the floor is free",
    FloorEvent.LOST: "{name} has the floor, which you both had: ask again once it is free",
    FloorEvent.WARNED: "{left_s:.0f} s are left of your time",
    FloorEvent.OVER: "your {limit_s:.0f} s are over: the floor is free",
    FloorEvent.GIVEN: "the floor is free",
}


class SpeechWatch(CallObserver):
    """Calls `spoke` whenever speech is sent."""

    def __init__(self, spoke: Callable[[], object]) -> None:
        self._spoke = spoke

    def speech_sent(self, packet: SpeechPacket) -> None:
        self._spoke()


class FloorControl(PeerEvents):
    """The floor of a room, for one node that speaks by push to talk, `limit_s` at a time.

    The `source` is closed and the `stream` sends nothing unless the node has the floor. `note` gets a line for each
    change, the `observers` who has it.
    """

    def __init__(
        self,
        room: RoomMembership,
        source: MeteredSource,
        stream: SendStream,
        observers: Observers,
        *,
        limit_s: float,
        note: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._room, self._source, self._stream, self._observers = room, source, stream, observers
        self._limit_s, self._note, self._clock = limit_s, note, clock
        self._floor = Floor(room.node_id, limit_s)
        self._changed = asyncio.Event()
        self._names: dict[str, str] = {}
        self._refused_by, self._shown = "", ("", False)
        self.counts = FloorCounts()
        self._open(False)
        observers.add(SpeechWatch(lambda: self._floor.spoke(self._clock())))

    @property
    def holder(self) -> str:
        """The id of the node that has the floor; "" if none has it."""
        return self._floor.holder

    @property
    def holds(self) -> bool:
        """Whether this node has the floor."""
        return self._floor.holds

    @property
    def asks(self) -> bool:
        """Whether this node has asked for the floor and waits for it."""
        return self._floor.asks

    @property
    def state(self) -> str:
        """What is shown of the floor: `free`, `asked for`, `yours`, or the name of who has it."""
        if self.asks:
            return "asked for"
        return "yours" if self.holds else self._name(self.holder) or "free"

    # -- what the person at this node does

    def ask(self) -> None:
        """Ask for the floor: it is granted at once, or as soon as the others have answered, or refused."""
        if not (self.holds or self.asks):
            self.counts.asked += 1
            self._floor.ask(self._clock())
            self._drain()

    def release(self) -> None:
        """Give the floor back."""
        self._floor.release(self._clock())
        self._drain()

    def toggle(self) -> None:
        """Ask for the floor, or give it back."""
        (self.release if self.holds or self.asks else self.ask)()

    # -- what the room does

    def joined(self, peer: str, hello: Hello) -> None:
        """Take in a member that knows the floor; say of others that speak that they do not ask."""
        self._names[peer] = hello.name or peer
        if Carries.PUSH_TO_TALK in hello.carries:
            self._floor.joined(peer)
            self._drain()
        elif Carries.SPEECH_OUT in hello.carries:
            self._note(
                f"{self._names[peer]} speaks without asking for the floor: only --push-to-talk there changes that"
            )

    def left(self, peer: str) -> None:
        self._floor.left(peer, self._clock())
        self._drain()
        self._names.pop(peer, None)

    def link_opened(self, peer: str) -> None:
        """Hear the words that come by a new link."""
        if (link := self._room.peers.link_to(peer)) is not None:
            link.on_words = partial(self._word_by_link, peer)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._floor.heard(peer, self._clock())
        if self.holds:
            self._drain()

    def word_received(self, peer: str, payload: bytes) -> None:
        """Take a word of a peer. Raises SignalError or VersionError if it is none."""
        self._floor.receive(peer, decode(payload), self._clock())
        self._drain()

    def _word_by_link(self, peer: str, payload: bytes) -> None:
        with self._room.faults.contained(peer, "a word of the floor"):
            try:
                self.word_received(peer, payload)
            except RemoteError as error:
                self._room.channel.reject(peer, Letter.SIGNAL, error)

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        while True:
            self._changed.clear()
            due = self._floor.get_timer()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                    await self._changed.wait()
            self._floor.handle_timer(self._clock())
            self._drain()

    # -- what follows

    def _drain(self) -> None:
        for peer, word in self._floor.words():
            with self._room.faults.contained(peer, "a word of the floor"):
                self._send(peer, word)
        self._open(self._floor.holds)
        for event, peer in self._floor.events():
            self._count(event)
            if line := self._line(event, peer):
                self._note(line)
        if (name := self._name(self.holder)) != self.counts.holder:
            self.counts.pass_to(name, self._clock())
        if (self.holder, self.asks) != self._shown:
            self._shown = self.holder, self.asks
            self._observers.floor_changed(self.holder)
        self._changed.set()

    def _open(self, is_open: bool) -> None:
        self._source.closed, self._stream.open = not is_open, is_open

    def _send(self, peer: str, word: FloorWord) -> None:
        """Send a word by the link, and by the broker too, unless it is one that is said every second."""
        if (hello := self._room.hellos.get(peer)) is None:
            return
        payload, linked = encode(word), self._room.peers.is_up(peer)
        if linked and (link := self._room.peers.link_to(peer)) is not None:
            self._room.start("a word of the floor", peer, partial(link.send_words, payload))
        if self._room.broker_is_up and not (linked and word.word is Word.HOLD):
            self._room.channel.post(Letter.SIGNAL, payload, False, (peer, hello.session), addressed=True)

    def _count(self, event: FloorEvent) -> None:
        self.counts.granted += event is FloorEvent.GRANTED
        self.counts.refused += event is FloorEvent.REFUSED

    def _line(self, event: FloorEvent, peer: str) -> str:
        """Return the line for an event, if there is one: of who refused, it is known that it speaks."""
        refused_by, self._refused_by = self._refused_by, peer if event is FloorEvent.REFUSED else ""
        if event is FloorEvent.TAKEN and peer == refused_by:
            return ""
        return LINES[event].format(name=self._name(peer) or "somebody", limit_s=self._limit_s, left_s=WARN_S)

    def _name(self, node: str) -> str:
        return self._room.name if node == self._room.node_id else self._names.get(node, node)
