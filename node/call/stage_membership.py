"""Memberships of a node on stage: in the room of a small stage, or alone.

What is said counts as sent even while no peer listens: the audience does, and learns of it by the node's observers.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from node.call.membership import RoomMembership
from node.call.stage_relay import StageRelay
from node.common.tasks import first_error
from node.links.peers import Peers
from protocol.audience.stage import Stage

if TYPE_CHECKING:
    from node.call.node import Node
    from node.links.address import BrokerAddress
    from protocol.audience.epochs import Chain
    from protocol.audience.signing import SpeakerKey
    from protocol.captions.registry import CaptionCodecs
    from protocol.rtp.red import Copy


class StagePeers(Peers):
    """The links of a node on stage: beside its peers there is always somebody who listens."""

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = (), sequence: int | None = None) -> bool:
        """See Peers.send; it is True for what no peer gets, too."""
        super().send(timestamp, payload, copies, sequence)
        return True


class StageMembership(RoomMembership):
    """A member of the room on stage."""

    peers_class = StagePeers


class SoloMembership(StageMembership):
    """A speaker alone: a member of no room. Whether the broker is there is said from outside, and a picture's cost."""

    picture_cost: Callable[[bytes], int] = staticmethod(len)

    async def run(self, work: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Do the work until cancelled. Raises NodeError when a piece of it cannot go on."""
        with first_error():
            try:
                async with asyncio.TaskGroup() as self._tasks:
                    for task, run in work.items():
                        self._tasks.create_task(run(), name=f"{self.name}: {task}")
            finally:
                self.left_at = self._clock()

    def names(self) -> list[str]:
        """Return who is there, as far as a speaker alone can know."""
        return ["an audience"]

    def post_picture(self, frame: bytes, retain: bool) -> int:
        """Publish nothing: the audience gets it by the observers. Return what that costs on the wire, in bytes."""
        return self.picture_cost(frame)

    def post_text(self, frame: bytes) -> None:
        """Publish nothing: the audience gets it by the observers."""


def relay_of(
    node: Node,
    key: SpeakerKey,
    chain: Chain,
    codecs: CaptionCodecs,
    broker: BrokerAddress,
    *,
    note: Callable[[str], None],
    waits: bool = False,
    wall: Callable[[], float] = time.time,
) -> StageRelay:
    """Return what hands on to an audience, in a new session, what this node observes from now on."""
    codebooks = [(codebook.id, codebook.hash) for codebook in codecs.codebooks()]
    room = node.room

    def came_up(is_up: bool) -> None:
        if isinstance(room, SoloMembership):
            room.broker_is_up = is_up

    node.speaks_to_audience()
    relay = StageRelay(
        Stage(key, chain, [node.name], secrets.randbits(64), codebooks),
        node.id,
        node.name,
        broker,
        note=note,
        meter=node.count().meter,
        waits=waits,
        came_up=came_up,
        wall=wall,
    )
    if isinstance(room, SoloMembership):
        room.picture_cost = relay.picture_cost
    node.observers.add(relay)
    return relay
