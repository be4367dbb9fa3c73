"""Orders of the room to the node, and news of its peers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from protocol.signalling.messages import Answer, Bye, Hello, Offer, Reason
from protocol.signalling.route import RouteChanged
from protocol.topics import Letter

__all__ = ["ApplyAnswer", "EndCall", "Event", "MakeAnswer", "MakeOffer", "Outgoing", "Output", "PeerJoined", "PeerLeft"]
__all__ += ["HereBySpeech", "PictureWanted", "RoomIsFull", "RouteChanged"]


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """A peer is here: subscribe to its pictures and text."""

    peer: str
    hello: Hello


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """A peer is gone: forget it. Its call, if any, was ended by an `EndCall` before."""

    peer: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Make a connection for this call and report its local description through `Room.described`."""

    peer: str
    call_id: int


@dataclass(frozen=True, slots=True)
class MakeAnswer:
    """Make a connection from the peer's offer and report the local description through `Room.described`."""

    peer: str
    call_id: int
    sdp: str


@dataclass(frozen=True, slots=True)
class ApplyAnswer:
    """Give the peer's answer to the connection of this call; report `Room.connected` once media flows."""

    peer: str
    call_id: int
    sdp: str


@dataclass(frozen=True, slots=True)
class EndCall:
    """Close the connection of this call."""

    peer: str
    call_id: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class RoomIsFull:
    """There is no place for us: leave."""


@dataclass(frozen=True, slots=True)
class PictureWanted:
    """A peer has none of our pictures: publish the present one again."""

    peer: str


@dataclass(frozen=True, slots=True)
class HereBySpeech:
    """A member is here by its speech alone, its broker being gone; or, if it `is_so` no more, it is gone or back.

    It is one of our peers, or one that another member vouches for: known by `name` then, and by nothing else.
    """

    peer: str
    name: str
    is_so: bool


Event: TypeAlias = (
    PeerJoined
    | PeerLeft
    | MakeOffer
    | MakeAnswer
    | ApplyAnswer
    | EndCall
    | RoomIsFull
    | PictureWanted
    | HereBySpeech
    | RouteChanged
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A payload to publish on our own topic `letter`, after sealing (an empty one is published as it is).

    `to` is the peer, and its session, for whom a signal is; one that is `addressed` goes on a topic that only it reads.
    """

    letter: Letter
    payload: bytes
    retain: bool
    to: tuple[str, int] | None = None
    addressed: bool = False


@dataclass(slots=True)
class Output:
    """What calls hand to their room: events for the node, messages for the peers."""

    events: list[Event] = field(default_factory=list)
    # Each with its target's session, and whether it goes on a topic that the target alone reads.
    messages: list[tuple[Offer | Answer | Bye, int, bool]] = field(default_factory=list)
