"""Keeps one WebRTC link to every peer in the room, as the room's state machine asks for.

The machine (`protocol.signalling`) decides; this shell makes links, feeds back what became of them, publishes what
the machine wants said, and arms its one timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from node.common.peer_faults import PeerFaults
from node.common.tasks import begin
from node.links.network_watch import Change
from node.links.webrtc import MediaDirection, PeerLink, State
from protocol.errors import LocalError, NodeError, RemoteError
from protocol.signalling import (
    ApplyAnswer,
    Carries,
    EndCall,
    Event,
    Hello,
    MakeAnswer,
    MakeOffer,
    Outgoing,
    PeerJoined,
    PeerLeft,
    Room,
    RoomIsFull,
)
from protocol.signalling.room import MAX_PEERS
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from node.links.webrtc import Observer
    from node.links.wire_meter import WireMeter
    from protocol.rtp.receiver_reports import Report
    from protocol.rtp.red import Copy

logger = logging.getLogger(__name__)

SILENT_AFTER_S = 5.0  # a peer that talks and whose packets stop for this long is dead or has moved
DEAD_AFTER_S = 15.0  # a peer that pauses sends nothing but reports and questions for consent, some of which are lost
DOUBT_AFTER_S = 2.0  # by the time a talking peer counts as dead, it is known whether the broker is, too
WATCH_EVERY_S = 0.5


class PeerEvents(Protocol):
    """What a node does about the peers that come and go, and with the packets they send."""

    def joined(self, peer: str, hello: Hello) -> None: ...

    def left(self, peer: str) -> None: ...

    def opened(self, peer: str) -> None: ...

    def connected(self, peer: str) -> None: ...

    def ended(self, peer: str) -> None: ...

    def packet(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None: ...

    def reported(self, peer: str, report: Report) -> None: ...


@dataclass(slots=True)
class _Call:
    call_id: int
    link: PeerLink
    way: MediaDirection
    heard: float
    up: bool = False
    pauses: bool = True  # the peer said last that it has nothing to say
    doubted: bool = False  # silent for so long that the broker was asked whether it is still there

    @property
    def heard_at(self) -> float:
        """When anything came last, speech or not."""
        return max(self.heard, self.link.heard_at or 0.0)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How links are made: see :class:`node.links.webrtc.PeerLink`."""

    meter: WireMeter
    ice_servers: tuple[str, ...] = ()
    address: str | None = None
    observer: Observer | None = None


@dataclass
class Peers:
    """The links of one node. `post` publishes for the room; `tasks` owns what runs in the background.

    `doubt_broker` is called when a link died: what ended it may have ended the way to the broker, too. What is raised
    while something of one peer is handled ends that, and at most the link with this peer; `faults` counts it.
    """

    room: Room
    carries: Carries
    company: PeerEvents
    post: Callable[[Outgoing], object]
    settings: LinkSettings
    tasks: asyncio.TaskGroup
    doubt_broker: Callable[[], None] = lambda: None
    faults: PeerFaults = field(default_factory=lambda: PeerFaults(logger.warning))
    _calls: dict[str, _Call] = field(default_factory=dict)
    _hellos: dict[str, Hello] = field(default_factory=dict)
    _unclosed: list[PeerLink] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Enters the room."""
        self.room.start(self._now())
        self._drain()

    def receive(self, sender: str, letter: str, payload: bytes) -> None:
        """Takes an opened message from the room. Raises SignalError or VersionError if it is none."""
        try:
            self.room.receive(sender, letter, payload, self._now())
        finally:
            self._drain()

    def broker_is_back(self) -> None:
        """Say hello again, and call anew whoever was silent while the way to the broker was gone: it is another way."""
        self.room.reconnected(self._now())
        for peer, call in self._calls.items():
            if call.up and call.doubted:
                self.room.lost(peer, call.call_id, self._now())
        self._drain()

    def network_changed(self, change: Change) -> None:
        """Call again at once where a link goes from an address that is gone, or is not up yet."""
        kept = {
            peer for peer, call in self._calls.items() if call.up and change.gone.isdisjoint(call.link.local_addresses)
        }
        self.room.network_changed(kept, self._now())
        self._drain()

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = (), sequence: int | None = None) -> bool:
        """Sends one speech packet and copies of earlier ones to everyone who listens; returns whether anyone does.

        For `sequence` see :meth:`node.links.webrtc.PeerLink.send`.
        """
        listening = [(peer, call) for peer, call in self._calls.items() if call.up and call.way.sends]
        for peer, call in listening:
            with self.faults.contained(peer, "speech for a peer"):
                call.link.send(timestamp, payload, copies, sequence)
        return bool(listening)

    def want_reports(self, every_second: bool) -> None:
        """Asks all peers to say every second, or only now and then, what they receive of us."""
        for call in self._calls.values():
            call.link.reporting.eager = every_second

    def take_copies(self) -> bool:
        """Whether any of those who listen can use copies of earlier packets."""
        return any(call.up and call.link.speaks_red for call in self._calls.values())

    def round_trip_seconds(self, peer: str) -> float:
        """The measured round-trip time to a peer; 0 as long as there is none."""
        call = self._calls.get(peer)
        return (call.link.round_trips.seconds or 0.0) if call else 0.0

    def is_up(self, peer: str) -> bool:
        """Whether the link with a peer is up."""
        call = self._calls.get(peer)
        return call is not None and call.up

    async def watch(self) -> None:
        """Reports links whose peer fell silent, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            for peer, call in self._calls.items():
                self.room.media_received(peer, call.call_id, call.heard_at)
            for _, call in self._silent(DOUBT_AFTER_S):
                self._doubt(call)
            for peer, call in self._silent(SILENT_AFTER_S):
                logger.info("nothing from %s for %s s: calling again", peer, SILENT_AFTER_S)
                self._doubt(call)
                with self.faults.contained(peer, "the silence"):
                    self.room.lost(peer, call.call_id, self._now())
            self._drain()

    async def leave(self) -> None:
        """Says goodbye and closes every link; nothing of this node runs in the background afterwards."""
        links = [call.link for call in self._calls.values()] + self._unclosed
        self._calls.clear()
        self.room.leave(self._now())
        self._drain()
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*(self._close("", link) for link in links))

    def _doubt(self, call: _Call) -> None:
        """Have the broker asked once for each silence."""
        if not call.doubted:
            call.doubted = True
            self.doubt_broker()

    def _silent(self, talking_s: float = SILENT_AFTER_S) -> Iterator[tuple[str, _Call]]:
        """Links over which nothing came: for this long from a peer that talks, much longer from one that pauses."""
        now = self._now()
        for peer, call in list(self._calls.items()):
            heard = call.heard_at if call.pauses else call.heard
            patience = DEAD_AFTER_S if call.pauses else talking_s
            if call.up and call.way.receives and heard < now - patience:
                yield peer, call

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _drain(self) -> None:
        for event in self.room.events():
            with self.faults.contained("" if isinstance(event, RoomIsFull) else event.peer, "a change"):
                self._handle(event)
        for outgoing in self.room.outgoing():
            with self.faults.contained(outgoing.to[0] if outgoing.to is not None else "", "a message to a peer"):
                self.post(outgoing)
        if self._timer is not None:
            self._timer.cancel()
        due = self.room.get_timer()
        loop = asyncio.get_running_loop()
        self._timer = None if due is None else loop.call_at(due, self._time_is_up)

    def _time_is_up(self) -> None:
        with self.faults.contained("", "what is due"):
            self.room.handle_timer(self._now())
        self._drain()

    def _handle(self, event: Event) -> None:
        match event:
            case PeerJoined(peer, hello):
                self._hellos[peer] = hello
                self.company.joined(peer, hello)
            case PeerLeft(peer, _):
                self._hellos.pop(peer, None)
                self.company.left(peer)
            case MakeOffer(peer, call_id):
                self._spawn(f"offer to {peer}", peer, partial(self._offer, self._new_call(peer, call_id)))
            case MakeAnswer(peer, call_id, sdp):
                self._spawn(f"answer to {peer}", peer, partial(self._answer, self._new_call(peer, call_id), sdp))
            case ApplyAnswer(peer, call_id, sdp):
                self._spawn(f"answer of {peer}", peer, partial(self._accept, call_id, sdp))
            case EndCall(peer, call_id, _):
                self._end(peer, call_id)
            case RoomIsFull():
                begin(self.tasks, "leave a full room", _no_place())

    def _spawn(self, name: str, peer: str, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        async def contained() -> None:
            with self.faults.contained(peer, "an offer or answer"):
                await work(peer)

        begin(self.tasks, name, contained())

    def _new_call(self, peer: str, call_id: int) -> _Call:
        self._end(peer, None)
        way = _way(self.carries, self._hellos[peer].carries)

        def on_packet(sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
            with self.faults.contained(peer, "a packet"):
                call.heard, call.pauses, call.doubted = self._now(), opus_packet.begins_pause(payload), False
                self.company.packet(peer, sequence, timestamp, payload, copies)

        def on_state(state: State) -> None:
            with self.faults.contained(peer, "the link"):
                self._state_changed(peer, call_id, state)

        def on_report(report: Report) -> None:
            with self.faults.contained(peer, "a report"):
                self.company.reported(peer, report)

        link = PeerLink(
            way,
            on_packet=on_packet,
            on_state=on_state,
            meter=self.settings.meter,
            ice_servers=self.settings.ice_servers,
            address=self.settings.address,
            observer=self.settings.observer,
            on_report=on_report,
        )
        call = self._calls[peer] = _Call(call_id, link, way, self._now())
        self.company.opened(peer)
        return call

    async def _offer(self, call: _Call, peer: str) -> None:
        await self._describe(call, peer, call.link.offer())

    async def _answer(self, call: _Call, sdp: str, peer: str) -> None:
        await self._describe(call, peer, call.link.answer(sdp))

    async def _describe(self, call: _Call, peer: str, description: Coroutine[Any, Any, str]) -> None:
        try:
            sdp = await description
        except Exception as error:
            self._failed(peer, call.call_id, error)
            return
        if self._calls.get(peer) is not call:
            return
        try:
            self.room.described(peer, call.call_id, sdp, self._now())
        except ValueError as error:  # an answer is as long as its offer makes it
            self._failed(peer, call.call_id, error)
        self._drain()

    async def _accept(self, call_id: int, sdp: str, peer: str) -> None:
        call = self._calls.get(peer)
        if call is None or call.call_id != call_id:
            return
        try:
            await call.link.accept(sdp)
        except Exception as error:
            self._failed(peer, call_id, error)

    def _failed(self, peer: str, call_id: int, error: Exception) -> None:
        """Whatever an offer or answer of a peer led to, the call is made again. Raises a LocalError on."""
        if isinstance(error, LocalError):
            raise error
        if isinstance(error, RemoteError | OSError):
            logger.warning("the call with %s failed: %s", peer, error)
        else:
            self.faults.add(peer, "an offer or answer", error)
        self.room.lost(peer, call_id, self._now())
        self._drain()

    def _state_changed(self, peer: str, call_id: int, state: State) -> None:
        call = self._calls.get(peer)
        if call is None or call.call_id != call_id:
            return
        if state == "connected":
            call.up, call.heard = True, self._now()
            self.room.connected(peer, call_id, self._now())
            self.company.connected(peer)
        else:
            if call.up:
                self._doubt(call)
            self.room.lost(peer, call_id, self._now())
        self._drain()

    def _end(self, peer: str, call_id: int | None) -> None:
        call = self._calls.get(peer)
        if call is None or call_id not in (None, call.call_id):
            return
        del self._calls[peer]
        self.company.ended(peer)
        if not begin(self.tasks, f"closing {peer}", self._close(peer, call.link)):
            self._unclosed.append(call.link)  # we are leaving, too

    async def _close(self, peer: str, link: PeerLink) -> None:
        with self.faults.contained(peer, "the end of a call"):
            await link.close()


async def _no_place() -> None:
    raise NodeError(f"the room is full: {MAX_PEERS + 1} are in it; come back when somebody has left")


def _way(ours: Carries, theirs: Carries) -> MediaDirection:
    return MediaDirection(
        sends=bool(ours & Carries.SPEECH_OUT and theirs & Carries.SPEECH_IN),
        receives=bool(ours & Carries.SPEECH_IN and theirs & Carries.SPEECH_OUT),
    )
