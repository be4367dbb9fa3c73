"""MQTT topics of a room: `<room>/<node>/<letter>`, and `<room>/<target>/s/<node>` for what is meant for one node.

Every message pays for its topic, so all three parts are short. The room is derived from the room's secret:
seeing the topic reveals nothing of it. The node is random, and new at every start.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from protocol.errors import TopicError

__all__ = ["NODE_LENGTH", "ROOM_LENGTH", "Letter", "Topic", "mailbox", "node_id", "pattern", "patterns", "room_id"]

# 40 bits: two rooms of one broker meet by chance only among a million rooms.
ROOM_LENGTH = 8
# 20 bits: among the eight nodes of a full room, two meet once in 37,000 calls. Two characters would be
# shorter by two bytes a message, but then one full room in 37 would have a clash.
NODE_LENGTH = 4
NODE_LENGTH_MIN = 2

_ROOM_DOMAIN = b"pictophone room 0\0"


class Letter(StrEnum):
    """What a topic carries."""

    PRESENCE = "h"  # the node's hello, retained; empty once it has left
    SIGNAL = "s"  # offer, answer, bye
    PICTURE = "p"  # picture (retained) and hold frames
    TEXT = "t"  # lines typed by a person
    SPEECH = "v"  # speech that has no direct path


_NODE = rf"[a-z2-7]{{{NODE_LENGTH_MIN},{NODE_LENGTH}}}"
_TOPIC = re.compile(rf"([a-z2-7]{{{ROOM_LENGTH}}})/({_NODE})/([{''.join(Letter)}])(?:(?<=/{Letter.SIGNAL})/({_NODE}))?")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic on which `node` sends. `str()` gives the MQTT topic name.

    A signal's may have a `target`, which then stands in the node's place, and alone reads it.
    """

    room: str
    node: str
    letter: Letter
    target: str | None = None

    def __str__(self) -> str:
        if self.target is not None:
            return f"{self.room}/{self.target}/{self.letter}/{self.node}"
        return f"{self.room}/{self.node}/{self.letter}"

    @classmethod
    def parse(cls, name: str) -> Topic:
        """Read an MQTT topic name; raise `TopicError` if it is none of ours."""
        match = _TOPIC.fullmatch(name)
        if match is None:
            raise TopicError(f"not a topic of a room: {name[:40]!r}")
        if match[4] is not None:
            return cls(match[1], match[4], Letter(match[3]), target=match[2])
        return cls(match[1], match[2], Letter(match[3]))


def pattern(room: str, letter: Letter) -> str:
    """Return the subscription that covers `letter` of every node of `room`."""
    return f"{room}/+/{letter}"


def mailbox(room: str, node: str) -> str:
    """Return the subscription that covers the signals for one node alone."""
    return f"{room}/{node}/{Letter.SIGNAL}/+"


def patterns(room: str) -> list[str]:
    """Return what covers all topics of a room, as a broker's access list needs them."""
    return [*(pattern(room, letter) for letter in Letter), mailbox(room, "+")]


def room_id(secret: bytes) -> str:
    """Return the room's part of the topic: 8 base32 characters of a SHA-256 made for this purpose alone."""
    return _base32(hashlib.sha256(_ROOM_DOMAIN + secret).digest())[:ROOM_LENGTH]


def node_id(randomness: bytes, length: int = NODE_LENGTH) -> str:
    """Return a node's id of `length` (2 to 4) base32 characters, made from at least three random bytes."""
    if not NODE_LENGTH_MIN <= length <= NODE_LENGTH:
        raise ValueError(f"a node id has {NODE_LENGTH_MIN} to {NODE_LENGTH} characters, not {length}")
    if len(randomness) * 8 < length * 5:
        raise ValueError(f"{len(randomness)} random bytes are too few for {length} characters")
    return _base32(randomness)[:length]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").lower()
