"""A session replayed into a room: each of its people is a node there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import TYPE_CHECKING

from node.call.observers import CallObserver
from node.recording.participants import fitting_name
from node.recording.roster import Attendance
from node.replay.into_room import ReplayParticipant
from node.replay.pictures import RecordedPicture
from protocol.errors import NodeError
from protocol.signalling.room import MAX_PEERS

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous
    from node.speech.send_stream import SpeechPacket
    from protocol.captions.registry import CaptionCodecs
    from protocol.rtp.red import Copy

LISTENERS_WAIT_S = 3.0
"""For links to those who are in the room already, so that they hear the beginning."""


class RoomReplay(CallObserver):
    """Hands what a player tells to the ghosts of those who sent it; `own` is the id of the node that recorded."""

    def __init__(self, roster: Attendance, own: str, ghosts: dict[int, ReplayParticipant]) -> None:
        self._roster, self._own, self._ghosts = roster, own, ghosts

    def speech_sent(self, packet: SpeechPacket) -> None:
        """What the recording node said."""
        if ghost := self._of(self._own):
            ghost.say(None, packet.timestamp, packet.payload, packet.copies)

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """What a peer said, as it came."""
        if ghost := self._of(peer):
            ghost.say(sequence, timestamp, payload, copies)

    def told(self, told: RecordedPicture) -> None:
        """What a picture shows."""
        if ghost := self._of(told.sender):
            ghost.show(told)

    def _of(self, sender: str) -> ReplayParticipant | None:
        place = self._roster.place(sender)
        return None if place is None else self._ghosts.get(place)


@contextlib.asynccontextmanager
async def replay_into_room(
    roster: Attendance,
    own: str,
    place: Rendezvous,
    codecs: CaptionCodecs,
    who: Collection[str],
    note: Callable[[str], None],
) -> AsyncIterator[RoomReplay]:
    """The room with the session's people in it (those with the ids `who`, if any), for the length of the context.

    Raises NodeError if they are more than a room takes beside one who listens.
    """
    ghosts = {
        number: ReplayParticipant(fitting_name(member.name), place, codecs, note if number == 0 else _quietly)
        for number, member in enumerate(roster.members)
        if not who or any(one in who for one in member.ids)
    }
    if len(ghosts) > MAX_PEERS:
        raise NodeError(f"{len(ghosts)} people, and a room has places for {MAX_PEERS}: choose some with --who")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ghost.run(), name=f"{ghost.name} again") for ghost in ghosts.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTENERS_WAIT_S):
                await asyncio.gather(*(ghost.heard.wait() for ghost in ghosts.values()))
        try:
            yield RoomReplay(roster, own, ghosts)
        finally:
            for task in tasks:
                task.cancel()


def _quietly(text: str) -> None:
    """One of them tells who comes and goes; that is enough."""
