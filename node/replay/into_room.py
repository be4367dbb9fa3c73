"""A person of a recorded session, in a room again: what was sent then goes out once more, through links of today.

Opus packets and coded captions are as they were; the node's id, session and sequence numbers are new. Who is in the
room sees a node like any other, that sends and takes nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.node import GOODBYE_S
from node.common.notes import NoteOnce
from node.common.tasks import first_error
from node.links import network_watch
from node.links.peers import LinkSettings, Peers
from node.links.room_channel import RoomChannel
from node.links.wire_meter import WireMeter
from node.replay.pictures import RecordedPicture
from protocol import frames, topics
from protocol.captions.negotiation import choose_codec
from protocol.captions.registry import CaptionCodecs
from protocol.errors import CaptionError, RemoteError
from protocol.rtp.sequence import unwrap
from protocol.signalling import Carries, Hello, Outgoing, Room
from protocol.speech.opus_packet import OPUS_RATE
from protocol.topics import Letter, Topic

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous
    from protocol.rtp.receiver_reports import Report
    from protocol.rtp.red import Copy

logger = logging.getLogger(__name__)

JUMP_S = 1.0
"""What a recording's time goes on more or less than the clock's: then it was paused, or goes on somewhere else."""

REMEMBERED = 256
"""Sequence numbers of packets that went out: SRTP refuses one twice, and aiortc's sender ends when it does."""

GHOST = Carries.SPEECH_OUT | Carries.PICTURES_OUT


class ReplayParticipant:
    """One node in the room of `place`. `note` is told who comes and goes; `heard` is set once somebody listens."""

    def __init__(
        self,
        name: str,
        place: Rendezvous,
        codecs: CaptionCodecs,
        note: Callable[[str], None] = logger.info,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._note, self._clock = note, clock
        self._place, self._codecs = place, codecs
        self._id, self._session = topics.node_id(secrets.token_bytes(3)), secrets.randbits(64)
        self._hellos: dict[str, Hello] = {}
        self._note_codec = NoteOnce(note)
        self._numbers = RtpRenumberer(secrets.randbits(16))
        self._sent: deque[int] = deque(maxlen=REMEMBERED)
        self._sequence = 0
        self.heard = asyncio.Event()
        self._said: RecordedPicture | None = None
        self._is_new = asyncio.Event()
        self._meter = WireMeter()
        self._mailbox = RoomChannel(
            place.room, self._id, self._session, place.broker, deliver=self._deliver, meter=self._meter,
            on_up=self._broker_up, on_down=lambda reason: note(f"the broker is gone ({reason})"), note=note,
        )  # fmt: skip
        self._calls: Peers | None = None

    async def run(self) -> None:
        """Is in the room until cancelled, then says goodbye. Raises NodeError when the broker cannot be had."""
        with first_error():
            async with asyncio.TaskGroup() as links:
                broker = links.create_task(self._mailbox.link.run(), name=f"{self.name}: broker")
                try:
                    async with asyncio.TaskGroup() as tasks:
                        calls = self._calls = self._make_calls(tasks)
                        await self._mailbox.enter()
                        calls.start()
                        tasks.create_task(calls.watch(), name=f"{self.name}: watch")
                        tasks.create_task(network_watch.watch(self._network_changed), name=f"{self.name}: addresses")
                        tasks.create_task(self.publish(), name=f"{self.name}: pictures")
                finally:
                    await self._say_goodbye()
                    broker.cancel()

    def say(self, sequence: int | None, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> bool:
        """Sends a recorded packet to everyone who listens now; whether anyone does."""
        sequence, timestamp = self._numbers.renew(sequence, timestamp, self._clock())
        if self._calls is None or sequence in self._sent:
            return False
        self._sent.append(sequence)
        return self._calls.send(timestamp, payload, copies, sequence)

    def show(self, told: RecordedPicture) -> None:
        """Publishes a recorded picture, its words coded as they were unless someone here cannot read that."""
        self._said = told
        self._sequence += 1
        self._is_new.set()

    # -- the room (see node.links.peers.PeerEvents)

    def joined(self, peer: str, hello: Hello) -> None:
        self._mailbox.admit(peer, hello.session, hello.proof.oldest)
        before = self._codec()
        self._hellos[peer] = hello
        self._note(f"{hello.name or peer} is here")
        if self._codec() < before:
            self._is_new.set()

    def left(self, peer: str) -> None:
        self._mailbox.dismiss(peer)
        hello = self._hellos.pop(peer, None)
        self._note(f"{hello.name if hello and hello.name else peer} has left")

    def opened(self, peer: str) -> None:
        """Nothing is heard of anybody."""

    def connected(self, peer: str) -> None:
        """Somebody hears what is said from now on."""
        self.heard.set()

    def ended(self, peer: str) -> None:
        """Nothing changes."""

    def packet(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Nothing is heard of anybody."""

    def reported(self, peer: str, report: Report) -> None:
        """What was recorded cannot follow the link."""

    # -- inside

    def _make_calls(self, tasks: asyncio.TaskGroup) -> Peers:
        def post(outgoing: Outgoing) -> None:
            self._mailbox.post(outgoing.letter, outgoing.payload, outgoing.retain, outgoing.to)

        hello = Hello(self._session, self.name, GHOST, self._codecs.ids, self._codecs.codebooks())
        place = self._place
        links = LinkSettings(self._meter, place.ice_servers, place.address, place.observer)
        room = Room(self._id, hello, oldest=self._mailbox.oldest)
        return Peers(room, GHOST, self, post, links, tasks, self._mailbox.link.probe)

    def _deliver(self, topic: Topic, payload: bytes) -> None:
        if self._calls is not None and topic.letter in (Letter.PRESENCE, Letter.SIGNAL):
            self._calls.receive(topic.node, topic.letter, payload)

    def _broker_up(self) -> None:
        if self._calls is not None:
            self._calls.broker_is_back()
            self._is_new.set()

    def _network_changed(self, change: network_watch.Change) -> None:
        self._mailbox.link.network_changed(change.gone)
        if self._calls is not None:
            self._calls.network_changed(change)

    def _codec(self) -> int:
        choice = choose_codec(self._codecs, self._hellos.values())
        for reason in choice.reasons:
            self._note_codec(reason)
        return choice.codec

    async def publish(self) -> None:
        """Publish the newest picture whenever there is one, until cancelled. Its words are coded in a thread, which may
        take longer than the pictures last: those that come meanwhile and are not the newest are left out.
        """
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            if (told := self._said) is not None:
                try:
                    await self._publish_one(told)
                except (RemoteError, ValueError):  # which quotes the words
                    self._note(f"a picture of {self.name} cannot be sent as it was recorded")

    async def _publish_one(self, told: RecordedPicture) -> None:
        sequence, codec = self._sequence, self._codec()
        picture = await asyncio.to_thread(renewed, self._codecs, told.picture, told.prompt.text, sequence, codec)
        if codec == self._codec():
            self._mailbox.post(Letter.PICTURE, frames.encode(picture), retain=True)
        else:
            self._is_new.set()

    async def _say_goodbye(self) -> None:
        if self._calls is not None:
            await self._calls.leave()
        self._mailbox.post(Letter.PICTURE, b"", retain=True)
        await self._mailbox.link.flush(GOODBYE_S)


def renewed(codecs: CaptionCodecs, picture: frames.Picture, words: str, sequence: int, codec: int) -> frames.Picture:
    """The picture under a new number, coded alone and by no newer codec than the room reads."""
    if picture.earlier is None and picture.codec <= codec and _is_ours(codecs, picture, words):
        return dataclasses.replace(picture, sequence=sequence)
    coded = codecs.encode(words, codec)
    return dataclasses.replace(picture, sequence=sequence, codec=coded.codec, caption=coded.data, earlier=None)


def _is_ours(codecs: CaptionCodecs, picture: frames.Picture, words: str) -> bool:
    """Whether our codebook makes the recorded words of the coded ones: a later version's may not."""
    try:
        return codecs.decode(picture.codec, picture.caption) == words
    except CaptionError:
        return False


@dataclass
class RtpRenumberer:
    """New RTP numbers for recorded packets: losses and pauses stay what they were, and where the recording was paused
    or goes on elsewhere, the numbers go on, and the time that went by is silence.
    """

    first: int
    _offsets: tuple[int, int] | None = None
    _newest: tuple[int, int, int, float] = (0, 0, 0, 0.0)

    def __post_init__(self) -> None:
        self._newest = (self.first - 1, 0, 0, 0.0)

    def renew(self, sequence: int | None, timestamp: int, now: float) -> tuple[int, int]:
        """Return the new sequence number (16 bits) and timestamp (32 bits) of a packet that leaves now.

        Without a recorded number it is the next one.
        """
        last_sequence, last_timestamp, last_recorded, last_at = self._newest
        went_on = unwrap(timestamp - last_recorded, 32, near=0)
        elapsed = round((now - last_at) * OPUS_RATE)
        if self._offsets is None:
            self._offsets = self.first - (sequence or 0), -timestamp
        elif abs(went_on - elapsed) > JUMP_S * OPUS_RATE:
            self._offsets = last_sequence + 1 - (sequence or 0), last_timestamp + elapsed - timestamp
        new_timestamp = timestamp + self._offsets[1] & 0xFFFF_FFFF
        new_sequence = (last_sequence + 1 if sequence is None else sequence + self._offsets[0]) & 0xFFFF
        if unwrap(new_sequence - last_sequence, 16, near=0) > 0 or last_at == 0.0:
            self._newest = new_sequence, new_timestamp, timestamp, now
        return new_sequence, new_timestamp
