"""Replays a session into a room: each of its participants is a node there, that sends and receives nothing.

Opus packets and coded captions are as they were recorded; node ids, RTP numbers and links are new.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import TYPE_CHECKING

from node.call.membership import RoomMembership
from node.call.observers import CallObserver
from node.links.peer_events import PeerEvents, PresenceNotes
from node.recording.participants import fitting_name
from protocol import frames
from protocol.captions.registry import CaptionCodecs
from protocol.errors import CaptionError, NodeError, RemoteError
from protocol.rtp.renumbering import RtpRenumberer
from protocol.signalling import Carries, Hello, SpeechRoute
from protocol.signalling.room import MAX_PEERS

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous
    from node.recording.participants import Attendance
    from node.replay.pictures import RecordedPicture
    from node.speech.send_stream import SpeechPacket
    from protocol.rtp.red import Copy

logger = logging.getLogger(__name__)

# Sequence numbers of packets that were sent: SRTP refuses one twice, and aiortc's sender ends when it does.
MAX_SENT = 256

# For links to peers that are in the room already, so that they receive the beginning.
LISTENERS_WAIT_S = 3.0

SENDS = Carries.SPEECH_OUT | Carries.PICTURES_OUT


class ReplayParticipant(PeerEvents):
    """A participant of a recorded session in the room at `place`. `note` gets a line about each peer.

    `has_listener` is set once a peer listens.
    """

    def __init__(
        self,
        name: str,
        place: Rendezvous,
        codecs: CaptionCodecs,
        note: Callable[[str], None] = logger.info,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.room = RoomMembership(name, place, SENDS, codecs, note=note, clock=clock)
        self.room.subscribe(PresenceNotes(note), self)
        self.has_listener = asyncio.Event()
        self._codecs, self._note, self._clock = codecs, note, clock
        self._renumberer = RtpRenumberer(secrets.randbits(16))
        self._sent: deque[int] = deque(maxlen=MAX_SENT)
        self._picture: RecordedPicture | None = None
        self._sequence = 0
        self._codec = self.room.caption_codec()
        self._is_new = asyncio.Event()

    async def run(self) -> None:
        """Take part until cancelled, then say goodbye. Raises NodeError when the broker cannot be reached."""
        await self.room.run({"pictures": self.publish})

    def send_speech(self, sequence: int | None, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> bool:
        """Send a recorded packet to every peer that listens, and return whether any does."""
        sequence, timestamp = self._renumberer.renumber(sequence, timestamp, self._clock())
        if sequence in self._sent:
            return False
        self._sent.append(sequence)
        return self.room.speech.send(timestamp, payload, copies, sequence)

    def send_picture(self, picture: RecordedPicture) -> None:
        """Publish a recorded picture, coded as it was unless a peer cannot read that."""
        self._picture = picture
        self._sequence += 1
        self._is_new.set()

    def joined(self, peer: str, hello: Hello) -> None:
        """Publish the picture again if the peer reads only older codecs."""
        before, self._codec = self._codec, self.room.caption_codec()
        if self._codec < before:
            self._is_new.set()

    def left(self, peer: str) -> None:
        """Code pictures by what the others read."""
        self._codec = self.room.caption_codec()

    def link_up(self, peer: str) -> None:
        """Note that there is a listener."""
        self.has_listener.set()

    def route_changed(self, peer: str, route: str) -> None:
        """Note that there is a listener by the broker."""
        if route == SpeechRoute.BROKER:
            self.has_listener.set()

    def broker_returned(self) -> None:
        """Publish the picture again: the broker may have forgotten it."""
        self._is_new.set()

    async def publish(self) -> None:
        """Publish the newest picture whenever there is one, until cancelled.

        Its words are coded in a thread, which may take longer than the pictures last: those that are not the newest by
        then are left out.
        """
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            if (picture := self._picture) is not None:
                try:
                    await self._publish(picture)
                except (RemoteError, ValueError):  # which quotes the words
                    self._note(f"a picture of {self.name} cannot be sent as it was recorded")

    async def _publish(self, recorded: RecordedPicture) -> None:
        sequence, codec = self._sequence, self.room.caption_codec()
        words = recorded.prompt.text
        picture = await asyncio.to_thread(renumbered, self._codecs, recorded.picture, words, sequence, codec)
        if codec == self.room.caption_codec():
            self.room.post_picture(frames.encode(picture), retain=True)
        else:
            self._is_new.set()


def renumbered(codecs: CaptionCodecs, picture: frames.Picture, words: str, sequence: int, codec: int) -> frames.Picture:
    """Return the picture under a new number, coded by itself and by no newer codec than `codec`."""
    if picture.earlier is None and picture.codec <= codec and _is_ours(codecs, picture, words):
        return dataclasses.replace(picture, sequence=sequence)
    coded = codecs.encode(words, codec)
    return dataclasses.replace(picture, sequence=sequence, codec=coded.codec, caption=coded.data, earlier=None)


def _is_ours(codecs: CaptionCodecs, picture: frames.Picture, words: str) -> bool:
    """Tell whether our codebook decodes the recorded words from the coded ones: a later version's may not."""
    try:
        return codecs.decode(picture.codec, picture.caption) == words
    except CaptionError:
        return False


class RoomReplay(CallObserver):
    """Passes each record that a player dispatches to the participant that sent it, by its place in the roster.

    `own` is the id of the node that recorded.
    """

    def __init__(self, roster: Attendance, own: str, participants: dict[int, ReplayParticipant]) -> None:
        self._roster, self._own, self._participants = roster, own, participants

    def speech_sent(self, packet: SpeechPacket) -> None:
        """Send a packet of the node that recorded."""
        if participant := self._of(self._own):
            participant.send_speech(None, packet.timestamp, packet.payload, packet.copies)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Send a packet of a peer."""
        if participant := self._of(peer):
            participant.send_speech(sequence, timestamp, payload, copies)

    def picture(self, picture: RecordedPicture) -> None:
        """Send a picture."""
        if participant := self._of(picture.sender):
            participant.send_picture(picture)

    def _of(self, sender: str) -> ReplayParticipant | None:
        index = self._roster.index(sender)
        return None if index is None else self._participants.get(index)


@contextlib.asynccontextmanager
async def replay_into_room(
    roster: Attendance,
    own: str,
    place: Rendezvous,
    codecs: CaptionCodecs,
    ids: Collection[str],
    note: Callable[[str], None],
) -> AsyncIterator[RoomReplay]:
    """Let the session's participants (those with one of the `ids`, if any) be in the room as long as the context lasts.

    Raises NodeError if they are more than a room takes beside one listener.
    """
    participants = {
        index: ReplayParticipant(fitting_name(member.name), place, codecs, note if index == 0 else _ignore)
        for index, member in enumerate(roster.participants)
        if not ids or any(one in ids for one in member.ids)
    }
    if len(participants) > MAX_PEERS:
        raise NodeError(f"{len(participants)} people, and a room has places for {MAX_PEERS}: choose some with --who")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.run(), name=f"{one.name} again") for one in participants.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTENERS_WAIT_S):
                await asyncio.gather(*(one.has_listener.wait() for one in participants.values()))
        try:
            yield RoomReplay(roster, own, participants)
        finally:
            for task in tasks:
                task.cancel()


def _ignore(text: str) -> None:
    """Drop a note: one participant's notes about the peers are enough."""
