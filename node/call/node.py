"""One node of a call, put together: links, speech and pictures, and what keeps them running."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from node.call import picture_ends, speech_ends
from node.call.endpoints import Endpoints, Rendezvous
from node.call.observers import Observers
from node.call.stats import CallStats
from node.captions.reader import CaptionReader
from node.common.loop_lag import LagWatch
from node.common.notes import NoteOnce
from node.common.peer_faults import PeerFaults
from node.common.tasks import begin, first_error
from node.links import network_watch
from node.links.peers import LinkSettings, Peers
from node.links.room_channel import RoomChannel
from node.speech.profiles import CUSTOM
from node.speech.rate_controller import RateController
from node.speech.sender import SpeechSender
from node.vision.morph import Screen
from node.vision.sender import PaintedPicture, PictureReceiver, PictureSender
from protocol import topics
from protocol.captions.negotiation import choose_codec
from protocol.signalling import Carries, Hello, Outgoing, Room
from protocol.topics import Letter, Topic

if TYPE_CHECKING:
    from node.captions.coder import Caption
    from node.speech.profiles import Profile
    from node.speech.send_stream import SpeechPacket
    from protocol.errors import RemoteError
    from protocol.rtp.receiver_reports import Report
    from protocol.rtp.red import Copy

logger = logging.getLogger(__name__)

GOODBYE_S = 1.0  # how long the end of a call may wait for the broker to take the goodbye


async def _show_nothing(painted: PaintedPicture) -> None:
    """A node without a screen or folder."""


class Node:
    """One participant. ``show`` gets every painted picture, ``screen`` what is to be seen of a peer at any moment,
    ``note`` a line about what a person should know. ``witnesses`` are told of all that crosses the wire, and may come
    and go.
    """

    def __init__(
        self,
        name: str,
        place: Rendezvous,
        parts: Endpoints,
        *,
        show: Callable[[PaintedPicture], Awaitable[None]] = _show_nothing,
        screen: Screen | None = None,
        note: Callable[[str], None] = logger.info,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._tell, self._clock = note, clock
        self._faults = PeerFaults(self._note)
        self.witnesses = Observers(faults=self._faults)
        self._place, self._parts = place, parts
        self._id, self._session = topics.node_id(secrets.token_bytes(3)), secrets.randbits(64)
        self._tally = CallStats(clock(), parts.profile.name)
        self._hellos: dict[str, Hello] = {}
        self._met_at: dict[str, float] = {}
        self._connected: set[str] = set()
        self._was_up = False
        self.broker_is_up = False
        self._in_lyra = False
        self._note_codec = NoteOnce(self._note)
        self._mailbox = self._make_mailbox()
        self._ears = speech_ends.ears(parts, self._tally, self._round_trip, clock, self._faults)
        self._said = speech_ends.said(parts, self._tally)
        self._sender = self._make_sender()
        self._receiver = self._make_receiver(show, screen)
        self._reader = None if self._receiver is None else self._make_reader(self._receiver)
        self._talker = speech_ends.talker(self._said, parts, self._all_take_lyra)
        limit = parts.max_kbps if parts.adapts else None
        self._steering = RateController(parts.profile, limit, clock(), self._takes_copies)
        self._tasks: asyncio.TaskGroup
        self._calls: Peers

    @property
    def id(self) -> str:
        """What the others know it by; new at every start."""
        return self._id

    def link(self, peer: str) -> str:
        """How speech with a peer stands: `up`, `connecting`, `again` (it was up before) or `none`."""
        hello = self._hellos.get(peer)
        if hello is None or not hello.carries & (Carries.SPEECH_IN | Carries.SPEECH_OUT):
            return "none"
        if self._calls.is_up(peer):
            return "up"
        return "again" if peer in self._connected else "connecting"

    def count(self) -> CallStats:
        """What was counted up to now."""
        if self._ears is not None:
            self._tally.speech_in = self._ears.snapshot()
        self._tally.peer_faults = self._faults.count
        self._tally.bad_messages = self._mailbox.bad + self._faults.count
        return self._tally

    def peers(self) -> list[str]:
        """The names of those who are here."""
        return [hello.name or peer for peer, hello in self._hellos.items()]

    def queues(self) -> dict[str, int]:
        """How much waits now: pictures to be painted, messages for the broker."""
        parts = (self._reader, self._receiver)
        pictures = sum(part.waiting for part in parts if part is not None)
        return {"pictures": pictures, "broker": self._mailbox.link.waiting}

    def delay_ms(self) -> float | None:
        """Mouth to ear, now; None while nobody is heard."""
        return self._ears.delay_ms() if self._ears is not None else None

    @property
    def muted(self) -> bool:
        """Whether nothing that is said goes out."""
        return self._said is not None and self._said.muted

    def toggle_mute(self) -> None:
        """Keeps back what is said from now on, or lets it out again, and says so."""
        if self._said is not None:
            self._said.muted = not self._said.muted
            self._note("muted: nobody hears you" if self._said.muted else "no longer muted")

    async def run(self) -> None:
        """Takes part until cancelled, then says goodbye. Raises NodeError when a part cannot go on."""
        with first_error():
            async with asyncio.TaskGroup() as links:
                broker = links.create_task(self._mailbox.link.run(), name=f"{self.name}: broker")
                try:
                    async with asyncio.TaskGroup() as self._tasks:
                        await self._start()
                finally:
                    await self._say_goodbye()
                    broker.cancel()

    async def _start(self) -> None:
        self._calls = self._make_calls()
        await self._mailbox.enter()
        self._calls.start()
        for name, work in self._background():
            self._tasks.create_task(work, name=f"{self.name}: {name}")

    def _background(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "watch", self._calls.watch()
        yield "addresses", network_watch.watch(self._network_changed)
        yield "loop lag", LagWatch(self._tally.loop_lag).run()
        if self._ears is not None:
            yield "ears", self._ears.run()
        if self._talker is not None:
            yield "mouth", SpeechSender(self._talker, self._say, self._tally.speech_out, self._clock).run()
        if self._sender is not None:
            yield "camera", self._sender.run()
        if self._reader is not None:
            yield "reader", self._reader.run()
        if self._receiver is not None:
            yield "painter", self._receiver.run()

    async def _say_goodbye(self) -> None:
        self._tally.ended = self._clock()
        self.count()
        await self._calls.leave()
        if self._sender is not None:
            self._mailbox.post(Letter.PICTURE, b"", retain=True)
        await self._mailbox.link.flush(GOODBYE_S)
        if self._parts.camera is not None:
            await self._parts.camera.close()

    # -- the parts

    def _make_mailbox(self) -> RoomChannel:
        return RoomChannel(
            self._place.room,
            self._id,
            self._session,
            self._place.broker,
            deliver=self._deliver,
            meter=self._tally.meter,
            on_up=self._broker_up,
            on_down=self._broker_down,
            note=self._note,
            waits=self._place.waits,
            faults=self._faults,
        )

    def _make_calls(self) -> Peers:
        def post(outgoing: Outgoing) -> None:
            self._mailbox.post(outgoing.letter, outgoing.payload, outgoing.retain, outgoing.to)

        codecs = self._parts.captions.codecs
        hello = Hello(self._session, self.name, self._parts.carries, codecs.ids, codecs.codebooks())
        place = self._place
        links = LinkSettings(self._tally.meter, place.ice_servers, place.address, place.observer)
        return Peers(
            Room(self._id, hello, oldest=self._mailbox.oldest),
            *(self._parts.carries, self, post, links, self._tasks),
            doubt_broker=self._mailbox.link.probe,
            faults=self._faults,
        )

    def _say(self, packet: SpeechPacket) -> bool:
        heard = self._calls.send(packet.timestamp, packet.payload, packet.copies)
        if heard:
            self.witnesses.speech_sent(packet)
        return heard

    def _note_lyra(self) -> None:
        """Tell, whenever that changes, which codec what is said goes in; one without Lyra knows no other."""
        if self._parts.lyra is None or self._parts.source is None or self._all_take_lyra() == self._in_lyra:
            return
        self._in_lyra = not self._in_lyra
        self._note("you are heard in Lyra" if self._in_lyra else "you are heard in Opus: not everyone has Lyra")

    def _all_take_lyra(self) -> bool:
        """Whether there are listeners, and all of them have Lyra: they all get the same packets."""
        listeners = [hello.carries for hello in self._hellos.values() if Carries.SPEECH_IN in hello.carries]
        return bool(listeners) and all(Carries.LYRA_IN in carries for carries in listeners)

    def _make_sender(self) -> PictureSender | None:
        def publish(frame: bytes, retain: bool, words: Caption | None) -> int:
            self.witnesses.frame_sent(frame, words)
            return self._mailbox.post(Letter.PICTURE, frame, retain)

        ends = (self._parts, self._tally, publish, self._codec, self._clock, self._note)
        sender = picture_ends.sender(self._id, *ends)
        if sender is not None:
            sender.captioned = self.witnesses.captioned
        return sender

    def _make_receiver(
        self, show: Callable[[PaintedPicture], Awaitable[None]], screen: Screen | None
    ) -> PictureReceiver | None:
        async def show_all(painted: PaintedPicture) -> None:
            self.witnesses.painted(painted)
            await show(painted)

        ends = (self._parts, self._tally, show_all, screen, self._clock, self._note, self._faults)
        return picture_ends.receiver(self._id, *ends)

    def _make_reader(self, receiver: PictureReceiver) -> CaptionReader:
        def reject(peer: str, error: RemoteError) -> None:
            self._mailbox.reject(peer, Letter.PICTURE, error)

        witnesses = self.witnesses
        return CaptionReader(
            self._parts.captions,
            witnesses.frame_came,
            receiver.receive,
            reject,
            self._tally.pictures_in,
            self._faults,
            witnesses.want_bits,
        )

    # -- the broker

    def _deliver(self, topic: Topic, payload: bytes) -> None:
        match topic.letter:
            case Letter.PRESENCE | Letter.SIGNAL:
                self._calls.receive(topic.node, topic.letter, payload)
            case Letter.PICTURE if payload and self._reader is not None and topic.node in self._hellos:
                self._reader.receive(topic.node, payload, self._hellos[topic.node].codebooks)

    def _broker_up(self) -> None:
        self.broker_is_up = True
        if self._was_up:
            self._tally.broker_again += 1
            self._note("the broker is back")
            self._calls.broker_is_back()
            if self._sender is not None:
                self._sender.again()
        self._was_up = True

    def _broker_down(self, reason: str) -> None:
        self.broker_is_up = False
        self._note(f"the broker is gone ({reason}); pictures wait for it, speech goes on")

    def _network_changed(self, change: network_watch.Change) -> None:
        self._mailbox.link.network_changed(change.gone)  # first: what the links say goes by the new connection
        self._calls.network_changed(change)

    def _codec(self) -> int:
        """The newest lossless caption codec that everyone here who takes pictures can read."""
        choice = choose_codec(self._parts.captions.codecs, self._hellos.values())
        for reason in choice.reasons:
            self._note_codec(reason)
        return choice.codec

    # -- the company (see node.links.peers.PeerEvents)

    def joined(self, peer: str, hello: Hello) -> None:
        self._mailbox.admit(peer, hello.session, hello.proof.oldest)
        self._hellos[peer] = hello
        self._met_at.setdefault(peer, self._clock())
        self.witnesses.joined(peer, hello)
        self._note(f"{hello.name or peer} is here")
        self._note_lyra()
        if self._sender is not None:
            self._begin(f"picture for {peer}", peer, self._sender.suit)
        if self._receiver is not None and hello.carries & Carries.PICTURES_OUT:
            self._begin(f"follow {peer}", peer, partial(self._mailbox.follow, peer, Letter.PICTURE))

    def left(self, peer: str) -> None:
        self._mailbox.dismiss(peer)
        hello = self._hellos.pop(peer, None)
        self._met_at.pop(peer, None)
        self._connected.discard(peer)
        self.witnesses.left(peer)
        self._note(f"{hello.name if hello and hello.name else peer} has left")
        self._note_lyra()
        if self._reader is not None:
            self._reader.forget(peer)
        if self._receiver is not None:
            self._receiver.forget(peer)
            self._begin(f"unfollow {peer}", peer, partial(self._mailbox.unfollow, peer, Letter.PICTURE))

    def _begin(self, name: str, peer: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts what a peer's coming or going asks for."""

        async def contained() -> None:
            with self._faults.contained(peer, name):
                await work()

        begin(self._tasks, f"{self.name}: {name}", contained())

    def opened(self, peer: str) -> None:
        if self._ears is not None:
            self._ears.open(peer)

    def connected(self, peer: str) -> None:
        self._tally.calls_again += peer in self._connected
        self._connected.add(peer)
        if self._tally.setup_ms is None and peer in self._met_at:
            self._tally.setup_ms = (self._clock() - self._met_at[peer]) * 1000
        if self._steering.adapts:
            self._calls.want_reports(True)

    def ended(self, peer: str) -> None:
        self._steering.forget(peer)
        if self._ears is not None:
            self._ears.close(peer)

    def packet(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.witnesses.speech_came(peer, sequence, timestamp, payload, copies)
        if self._ears is not None:
            self._ears.receive(peer, sequence, timestamp, payload, copies)

    def reported(self, peer: str, report: Report) -> None:
        now = self._clock()
        self._change(self._steering.report(peer, report, now))
        if self._steering.adapts:
            self._calls.want_reports(self._steering.is_trying(now))

    def change(self, profile: Profile) -> None:
        """Talks by other settings from now on, whatever the link does to them."""
        if profile.name == CUSTOM == self._steering.profile.name:
            self._note("speech goes by other options now")
        self._change(self._steering.choose(profile))
        if self._hellos:
            self._calls.want_reports(False)

    def follow_the_link(self) -> None:
        """Talks by what the link carries from now on, as far as the settings let it."""
        profile = self._steering.follow(self._parts.max_kbps, self._clock())
        self._note(f"speech follows the link now, within {self._parts.max_kbps:g} kbit/s")
        self._change(profile)
        if self._hellos:
            self._calls.want_reports(True)

    def _takes_copies(self) -> bool:
        return self._calls.take_copies()

    def _change(self, profile: Profile) -> None:
        if self._talker is None or profile == (before := self._talker.profile):
            return
        self._talker.change(profile)
        self._tally.profile = profile.name
        if (profile.name, bool(profile.redundancy)) != (before.name, bool(before.redundancy)):
            self._note(f"speech goes by {profile.name} now{', with copies' if profile.redundancy else ''}")

    def _note(self, text: str) -> None:
        self.witnesses.noted(text)
        self._tell(text)

    def _round_trip(self, peer: str) -> float:
        return self._calls.round_trip_seconds(peer)
