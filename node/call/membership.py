"""A node's membership in a room: the sealed channel, who is present, the links with the peers, and the goodbye.

A node of a call and a node that replays a recording are both members. Their parts subscribe to what happens in the
room (`node.links.peer_events`), and send by `peers`, `post_picture` and `post_text`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from node.call.shown_names import ShownNames
from node.common.notes import NoteOnce
from node.common.tasks import begin, first_error
from node.links import network_watch
from node.links.broker_notes import BrokerNotes, what_waits
from node.links.linked_peer import LinkSettings
from node.links.peer_events import PeerEventHub
from node.links.peers import Peers
from node.links.room_channel import RoomChannel
from node.links.speech_routes import SpeechRoutes
from node.links.wire_meter import WireMeter
from protocol import frames, topics
from protocol.captions.negotiation import choose_codec
from protocol.signalling import Carries, Hello, Outgoing, Room, RoutePolicy, SpeechRoute, floor_words
from protocol.topics import Letter, Topic

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous
    from protocol.captions.codebook_id import CodebookId
    from protocol.captions.registry import CaptionCodecs
    from protocol.errors import RemoteError

# How long the end of a call may wait for the broker to take the goodbye.
GOODBYE_S = 1.0

MEDIA = Carries.SPEECH_IN | Carries.SPEECH_OUT


class RoomMembership(PeerEventHub):
    """One member of the room at `place`, with what it carries and its caption codecs. `note` gets lines for the user.

    `peers` are the links, `hellos` what each peer that is present said of itself, by node id: two of one name differ
    there and in all events, by a number behind (`ShownNames`). `setup_ms` is how long the first link took from
    the peer's hello on; `links_again` and `broker_returns` count what was lost and came back.
    Parts that `subscribe` hear of each event in the order in which they subscribed.
    """

    peers_class = Peers

    def __init__(
        self,
        name: str,
        place: Rendezvous,
        carries: Carries,
        codecs: CaptionCodecs,
        *,
        note: Callable[[str], None],
        meter: WireMeter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.name = name
        self.carries = carries | (Carries.NOTHING if place.route is RoutePolicy.DIRECT else Carries.BROKER_SPEECH_IN)
        self.node_id, self.session = topics.node_id(secrets.token_bytes(3)), secrets.randbits(64)
        self.hellos: dict[str, Hello] = {}
        self.broker_is_up = False
        self.broker_returns = self.links_again = 0
        self.setup_ms: float | None = None
        self.left_at: float | None = None
        self._note, self._clock = note, clock
        self._codecs, self._note_codec = codecs, NoteOnce(note)
        self._shown = ShownNames(name, note)
        self._joined_at: dict[str, float] = {}
        self._linked: set[str] = set()
        self._broker_notes = BrokerNotes(note)
        self._tasks: asyncio.TaskGroup | None = None
        self.channel = self._make_channel(place, meter := meter or WireMeter())
        self.faults = self.channel.faults
        self.speech = SpeechRoutes(self.carries, self, self.channel.speech, self._follow_speech)
        self.speech.peers = self.peers = self._make_peers(place, meter)

    def _make_channel(self, place: Rendezvous, meter: WireMeter) -> RoomChannel:
        return RoomChannel(
            place.room,
            self.node_id,
            self.session,
            place.broker,
            deliver=self._deliver,
            meter=meter,
            on_up=self._broker_up,
            on_down=self._broker_down,
            note=self._note,
            waits=place.waits,
        )

    def _make_peers(self, place: Rendezvous, meter: WireMeter) -> Peers:
        carries = self.carries | Carries.ADDRESSED_SIGNALS | Carries.ADDRESSED_HELLOS  # as the channel reads them
        hello = Hello(self.session, self.name, carries, self._codecs.ids, self._codecs.codebooks())
        room = Room(self.node_id, hello, oldest=self.channel.oldest, shows=self.channel.shows)
        room.routes.policy = place.route
        return self.peers_class(
            room,
            self.carries,
            self.speech,
            self._post,
            LinkSettings(meter, place.ice_servers, place.address, place.observer),
            doubt_broker=self.channel.link.probe,
            faults=self.faults,
        )

    async def run(self, work: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Take part until cancelled, beside `work` by its names, then say goodbye.

        Raises NodeError when the broker cannot be reached, or a piece of work cannot go on.
        """
        with first_error():
            async with asyncio.TaskGroup() as links:
                broker = links.create_task(self.channel.link.run(), name=f"{self.name}: broker")
                try:
                    async with asyncio.TaskGroup() as self._tasks:
                        await self.channel.join()
                        self.peers.start(self._tasks)
                        watches = {"watch": self.peers.watch, "addresses": self._watch_addresses}
                        for task, run in (watches | dict(work)).items():
                            self._tasks.create_task(run(), name=f"{self.name}: {task}")
                finally:
                    await self._say_goodbye()
                    broker.cancel()

    def start(self, name: str, peer: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start work that an event of a peer asks for; a fault in it ends no more than that."""

        async def contained() -> None:
            with self.faults.contained(peer, name):
                await work()

        if self._tasks is not None:
            begin(self._tasks, f"{self.name}: {name}", contained())

    # -- what the parts send and ask

    def post_picture(self, frame: bytes, retain: bool) -> int:
        """Publish the frame of a picture, and return its cost on the wire in bytes."""
        return self.channel.post(Letter.PICTURE, frame, retain)

    def post_text(self, frame: bytes) -> None:
        """Publish a frame of lines."""
        self.channel.post(Letter.TEXT, frame, retain=False)

    def reject_text(self, peer: str, error: RemoteError) -> None:
        """Count a line of a peer that proved to be bad after it was received."""
        self.channel.reject(peer, Letter.TEXT, error)

    def reject_picture(self, peer: str, error: RemoteError) -> None:
        """Count a picture of a peer that proved to be bad after it was received."""
        self.channel.reject(peer, Letter.PICTURE, error)

    def caption_codec(self) -> int:
        """Return the newest lossless caption codec that every peer that takes pictures can read."""
        choice = choose_codec(self._codecs, self.hellos.values())
        for reason in choice.reasons:
            self._note_codec(reason)
        return choice.codec

    def all_listeners_take_lyra(self) -> bool:
        """Return whether there are listeners, and all of them have Lyra: they all get the same packets."""
        listeners = [hello.carries for hello in self.hellos.values() if Carries.SPEECH_IN in hello.carries]
        return bool(listeners) and all(Carries.LYRA_IN in carries for carries in listeners)

    def a_listener_takes_high_band(self) -> bool:
        """Return whether any listener fills narrowband speech up."""
        return any(Carries.HIGH_BAND_IN | Carries.SPEECH_IN in hello.carries for hello in self.hellos.values())

    def names(self) -> list[str]:
        """Return the names of the peers that are present."""
        return [hello.name or peer for peer, hello in self.hellos.items()]

    def routes(self) -> dict[str, str]:
        """Return the way that speech takes with each peer that is present, by its name."""
        return {hello.name or peer: self.route(peer) for peer, hello in self.hellos.items()}

    def link_state(self, peer: str) -> str:
        """Return the state of speech with a peer: `up`, `connecting`, `again` (it was up before) or `none`."""
        if (hello := self.hellos.get(peer)) is None or not hello.carries & MEDIA:
            return "none"
        if self.peers.is_up(peer) or self.route(peer) == SpeechRoute.BROKER:
            return "up"
        return "again" if peer in self._linked or self.speech.waits(peer) else "connecting"

    def route(self, peer: str) -> str:
        """Return the way that speech takes with a peer: `direct`, `broker` or `none`."""
        return self.speech.route(peer)

    @property
    def rejected(self) -> int:
        """How many messages were dropped, whether bad or the cause of a fault."""
        return self.channel.rejected + self.faults.count

    # -- the channel

    def _post(self, message: Outgoing) -> None:
        if message.to is None or self.channel.link.connected:  # else all is begun anew when the broker is back
            self.channel.post(message.letter, message.payload, message.retain, message.to, addressed=message.addressed)

    def _deliver(self, topic: Topic, payload: bytes) -> None:
        match topic.letter:
            case Letter.SIGNAL if floor_words.is_word(payload):
                self.word_received(topic.node, payload)
            case Letter.PRESENCE | Letter.SIGNAL:
                self.peers.receive(topic.node, topic.letter, payload, addressed=topic.target is not None)
            case Letter.PICTURE if payload and Carries.PICTURES_IN in self.carries and topic.node in self.hellos:
                self.picture_received(topic.node, payload, self.hellos[topic.node].codebooks)
            case Letter.TEXT if payload and Carries.TEXT in self.carries and topic.node in self.hellos:
                self.text_received(topic.node, payload)

    def _broker_up(self) -> None:
        self.broker_is_up = True
        if self._broker_notes.up():
            self.broker_returns += 1
            self.peers.broker_returned()
            self.broker_returned()

    def _broker_down(self, reason: str) -> None:
        self.broker_is_up = False
        self._broker_notes.down(reason, what_waits(self.hellos, self.speech.waits))
        self.broker_lost()

    async def _watch_addresses(self) -> None:
        await network_watch.watch(self._network_changed)

    def _network_changed(self, change: network_watch.NetworkChange) -> None:
        self.channel.link.network_changed(change.gone)  # first: what the links say goes by the new connection
        self.peers.network_changed(change)

    async def _say_goodbye(self) -> None:
        self.left_at = self._clock()
        await self.peers.leave()
        if Carries.PICTURES_OUT in self.carries:
            self.channel.post(Letter.PICTURE, b"", retain=True)
        self.channel.close()
        await self.channel.link.flush(GOODBYE_S)
        self._broker_notes.close()

    # -- the events that change the membership

    def joined(self, peer: str, hello: Hello) -> None:
        """Admit the peer's messages, and follow its pictures."""
        self.channel.admit(peer, hello.session, hello.proof.oldest)
        hello = self.hellos[peer] = self._shown.joined(peer, hello)
        self._joined_at.setdefault(peer, self._clock())
        super().joined(peer, hello)
        if Carries.PICTURES_IN in self.carries and Carries.PICTURES_OUT in hello.carries:
            self.start(f"follow {peer}", peer, partial(self.channel.subscribe_peer, peer, Letter.PICTURE))
        if Carries.TEXT in self.carries & hello.carries:
            self.start(f"read {peer}", peer, partial(self.channel.subscribe_peer, peer, Letter.TEXT))

    def picture_received(self, peer: str, frame: bytes, codebooks: Collection[CodebookId]) -> None:
        """Ask for no picture of this peer any more."""
        super().picture_received(peer, frame, codebooks)
        if frames.is_picture(frame):
            self.peers.room.picture_received(peer)

    def left(self, peer: str) -> None:
        """Dismiss the peer."""
        self.channel.dismiss(peer)
        self.hellos.pop(peer, None)
        self._shown.left(peer)
        self._joined_at.pop(peer, None)
        self._linked.discard(peer)
        super().left(peer)
        if Carries.PICTURES_IN in self.carries:
            self.start(f"unfollow {peer}", peer, partial(self.channel.unsubscribe_peer, peer, Letter.PICTURE))
        if Carries.TEXT in self.carries:
            self.start(f"read no more of {peer}", peer, partial(self.channel.unsubscribe_peer, peer, Letter.TEXT))

    def link_up(self, peer: str) -> None:
        """Count the link if it was up before."""
        self.links_again += peer in self._linked
        self._linked.add(peer)
        self._note_setup(peer)
        super().link_up(peer)

    def route_changed(self, peer: str, route: str) -> None:
        """Count the broker's way as set up, too."""
        if route == SpeechRoute.BROKER:
            self._note_setup(peer)
        super().route_changed(peer, route)

    def _note_setup(self, peer: str) -> None:
        if self.setup_ms is None and peer in self._joined_at:
            self.setup_ms = (self._clock() - self._joined_at[peer]) * 1000

    def _follow_speech(self, peer: str, wanted: bool) -> None:
        follow = self.channel.subscribe_peer if wanted else self.channel.unsubscribe_peer
        self.start(f"hear {peer}: {wanted}", peer, partial(follow, peer, Letter.SPEECH))
