"""Memberships of a node on stage: in the room of a small stage, or alone.

What is said counts as sent even while no peer listens: the audience does, and learns of it by the node's observers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from node.call.membership import RoomMembership
from node.common.tasks import first_error
from node.links.peers import Peers

if TYPE_CHECKING:
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
    """A speaker alone: a member of no room. Whether the broker is there is said from outside."""

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
        """Publish nothing: the audience gets it by the observers."""
        return 0

    def post_text(self, frame: bytes) -> None:
        """Publish nothing: the audience gets it by the observers."""
