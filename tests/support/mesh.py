"""Rooms joined in memory: a broker that keeps, delays and loses messages, nodes that describe and connect."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from agenda import Agenda, Timed

from protocol.signalling import (
    ApplyAnswer,
    Carries,
    EndCall,
    Event,
    Hello,
    MakeAnswer,
    MakeOffer,
    Outgoing,
    Room,
    RoomIsFull,
    RouteChanged,
)
from protocol.signalling.messages import Proof
from protocol.signalling.states import State
from protocol.topics import Letter

DELAY_S = 0.05
DESCRIBE_S = 0.2
MEDIA_S = 0.3
# Nodes of before, and those of today: everything has its own topics.
OLD = Carries.EVERYTHING
NEW = OLD | Carries.ADDRESSED_SIGNALS | Carries.ADDRESSED_HELLOS
SomeEvent = TypeVar("SomeEvent", bound=Event)


@dataclass
class Node:
    """A node whose connections come up `MEDIA_S` after both descriptions are there."""

    name: str
    room: Room
    session: int
    carries: Carries = Carries.EVERYTHING
    events: list[Event] = field(default_factory=list)
    routes: list[RouteChanged] = field(default_factory=list)
    open_calls: set[int] = field(default_factory=set)
    online: bool = True

    def of(self, kind: type[SomeEvent]) -> list[SomeEvent]:
        return [event for event in self.events if isinstance(event, kind)]


def bare(hello: Hello) -> Hello:
    return replace(hello, proof=Proof())


class World(Agenda):
    """A broker, its nodes, and the time. What it carries is sealed elsewhere: here a broker can only replay."""

    def __init__(self, seed: int = 0, loss: float = 0, delay_s: float = DELAY_S, keeps: bool = True) -> None:
        super().__init__()
        self.nodes: dict[str, Node] = {}
        self.sent: list[tuple[str, Outgoing]] = []
        self.turned_away: list[str] = []
        self.loss, self.delay_s, self.media = loss, delay_s, True
        self._rng = random.Random(seed)
        self._keeps = keeps
        self._retained: dict[str, bytes] = {}
        # Whether the broker's access list has the topics that one node alone reads.
        self.takes_addressed = True
        # Bytes of payload that each node received.
        self.received: Counter[str] = Counter()
        # Those who sent a picture that the broker does not keep.
        self.showing: set[str] = set()

    def join(self, name: str, session: int = 1, carries: Carries = NEW) -> Node:
        hello, rng = Hello(session, name, carries), random.Random(f"{name}{session}")
        node = Node(name, Room(name, hello, rng, shows=lambda: name in self.showing), session, carries)
        self.nodes[name] = node
        node.room.start(self.now)
        self._subscribe(node)
        self.drain(node)
        return node

    def timed(self) -> Iterator[tuple[Timed, Callable[[], None]]]:
        for node in self.nodes.values():
            yield node.room, partial(self.drain, node)

    def crash(self, name: str) -> None:
        """The node vanishes, and the broker sends its last will."""
        del self.nodes[name]
        self._publish(name, Outgoing(Letter.PRESENCE, b"", retain=True))

    def leave(self, name: str) -> None:
        node = self.nodes[name]
        node.room.leave(self.now)
        self.drain(node)
        del self.nodes[name]

    def restart_broker(self, away_s: float) -> None:
        """Everything retained is lost, and nobody hears anything for a while."""
        self._retained.clear()
        for node in self.nodes.values():
            node.online = False
            self.later(away_s, partial(self.reconnect, node))

    def _turn_away(self, node: Node) -> None:
        self.turned_away.append(node.name)
        self.leave(node.name)

    def clear_presence(self, name: str) -> None:
        """The broker sends the last will of a node that lives on without it."""
        self._publish(name, Outgoing(Letter.PRESENCE, b"", retain=True))

    def kill_media_of(self, name: str, peer: str) -> None:
        """The one connection of a node with this peer dies, as the node sees it."""
        node = self.nodes[name]
        call = node.room.call(peer)
        assert call is not None and call.call_id is not None
        node.room.lost(peer, call.call_id, self.now)
        self.drain(node)

    def kill_media(self, name: str, peer: str) -> None:
        node = self.nodes[name]
        node.room.lost(peer, max(node.open_calls), self.now)
        self.drain(node)

    def connected(self) -> bool:
        return all(
            node.room.state(peer) is State.CONNECTED
            for node in self.nodes.values()
            for peer in self.nodes
            if peer != node.name
        )

    def reconnect(self, node: Node) -> None:
        """The broker is back for a node."""
        if self.nodes.get(node.name) is not node:
            return
        node.online = True
        self._subscribe(node)
        node.room.reconnected(self.now)
        self.drain(node)

    def _subscribe(self, node: Node) -> None:
        for sender, payload in self._retained.items() if self._keeps else ():
            self.later(self.delay_s, partial(self._deliver, node, sender, Letter.PRESENCE, payload))

    def _publish(self, sender: str, message: Outgoing) -> None:
        self.sent.append((sender, message))
        if message.retain and message.payload:
            self._retained[sender] = message.payload
        elif message.retain:
            self._retained.pop(sender, None)
        for node in self.nodes.values():
            if self._hands_on(message, node) and (message.retain or self._rng.random() >= self.loss):
                deliver = partial(self._deliver, node, sender, message.letter, message.payload, message.addressed)
                self.later(self.delay_s, deliver)

    def _hands_on(self, message: Outgoing, node: Node) -> bool:
        """Tell whether a node is subscribed to the topic of a message: older ones are not to what is addressed."""
        if not message.addressed:
            return True
        assert message.to is not None
        bit = Carries.ADDRESSED_HELLOS if message.letter is Letter.PRESENCE else Carries.ADDRESSED_SIGNALS
        return self.takes_addressed and message.to[0] == node.name and bit in node.carries

    def _deliver(self, node: Node, sender: str, letter: Letter, payload: bytes, addressed: bool = False) -> None:
        if node.online and self.nodes.get(node.name) is node:
            self.received[node.name] += len(payload)
            node.room.receive(sender, letter, payload, self.now, addressed)
            self.drain(node)

    def drain(self, node: Node) -> None:
        for event in node.room.events():
            if isinstance(event, RouteChanged):
                node.routes.append(event)
            else:
                node.events.append(event)
                self._act(node, event)
        for message in node.room.outgoing():
            if node.online:
                self._publish(node.name, message)

    def _act(self, node: Node, event: Event) -> None:
        match event:
            case MakeOffer(peer, call_id) | MakeAnswer(peer, call_id):
                node.open_calls.add(call_id)
                sdp = f"description of {node.name} for {peer} in {call_id}"
                self._report(DESCRIBE_S, node, lambda: node.room.described(peer, call_id, sdp, self.now))
                if isinstance(event, MakeAnswer) and self.media:
                    self._report(MEDIA_S * 2, node, lambda: node.room.connected(peer, call_id, self.now))
            case ApplyAnswer(peer, call_id, sdp):
                assert sdp == f"description of {peer} for {node.name} in {call_id}"
                if self.media:
                    self._report(MEDIA_S, node, lambda: node.room.connected(peer, call_id, self.now))
            case EndCall(_, call_id):
                node.open_calls.remove(call_id)
            case RoomIsFull():
                self._report(0, node, lambda: self._turn_away(node))

    def _report(self, after_s: float, node: Node, tell: Callable[[], None]) -> None:
        def report() -> None:
            if self.nodes.get(node.name) is node:
                tell()
                self.drain(node)

        self.later(after_s, report)
