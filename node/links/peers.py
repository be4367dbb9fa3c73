"""Keeps one WebRTC link to every peer in the room, as the room's state machine (`protocol.signalling`) asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from node.common.peer_faults import PeerFaults
from node.common.tasks import begin
from node.links.linked_peer import DOUBT_AFTER_S, LinkActivity, LinkedPeer, LinkSettings, media_direction, room_is_full
from node.links.network_watch import NetworkChange
from node.links.peer_events import PeerEvents
from node.links.webrtc import PeerLink, State
from protocol.errors import LocalError, RemoteError
from protocol.signalling import (
    ApplyAnswer,
    Carries,
    EndCall,
    Event,
    HereBySpeech,
    MakeAnswer,
    MakeOffer,
    Outgoing,
    PeerJoined,
    PeerLeft,
    PictureWanted,
    Room,
    RoomIsFull,
    RouteChanged,
)

if TYPE_CHECKING:
    from protocol.rtp.receiver_reports import Report
    from protocol.rtp.red import Copy

logger = logging.getLogger(__name__)

# Between two checks for silent links.
WATCH_EVERY_S = 0.5


class Peers:
    """The links of one node with its peers.

    `events` hears what becomes of them, `post` publishes for the room, `doubt_broker` is called when a link died: the
    broker may be gone, too. An exception while an event of one peer is handled ends that, at most its link: `faults`.
    """

    def __init__(
        self,
        room: Room,
        carries: Carries,
        events: PeerEvents,
        post: Callable[[Outgoing], object],
        settings: LinkSettings,
        *,
        doubt_broker: Callable[[], None] = lambda: None,
        faults: PeerFaults | None = None,
    ) -> None:
        self.room = room
        self.faults = faults or PeerFaults(logger.warning)
        self._carries, self._events, self._post, self._settings = carries, events, post, settings
        self._doubt_broker = doubt_broker
        self._tasks: asyncio.TaskGroup | None = None
        self._calls: dict[str, LinkedPeer] = {}
        self._peer_carries: dict[str, Carries] = {}
        self._unclosed: list[PeerLink] = []
        self._timer: asyncio.TimerHandle | None = None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Enter the room. `tasks` owns what runs in the background."""
        self._tasks = tasks
        self.room.start(self._now())
        self._drain()

    def receive(self, sender: str, letter: str, payload: bytes, addressed: bool = False) -> None:
        """Handle an opened message (see `Room.receive`). Raises SignalError or VersionError if it is none."""
        try:
            self.room.receive(sender, letter, payload, self._now(), addressed)
        finally:
            self._drain()

    def broker_returned(self) -> None:
        """Say hello again, and call each peer again that was silent while the broker was gone: both share a network."""
        self.room.reconnected(self._now())
        for peer, call in self._calls.items():
            if call.up and call.activity.doubted:
                self.room.lost(peer, call.call_id, self._now())
        self._drain()

    def network_changed(self, change: NetworkChange) -> None:
        """Call again at once where a link goes from an address that is gone, or is not up yet."""
        intact = {
            peer for peer, call in self._calls.items() if call.up and change.gone.isdisjoint(call.link.local_addresses)
        }
        self.room.network_changed(intact, self._now())
        self._drain()

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = (), sequence: int | None = None) -> bool:
        """Send a packet, and copies of earlier ones, by each link with speech; tell if there is one."""
        listening = [
            (peer, call) for peer, call in self._calls.items() if call.listens and self.room.routes.goes_by_link(peer)
        ]
        for peer, call in listening:
            with self.faults.contained(peer, "speech for a peer"):
                call.send(timestamp, payload, copies, sequence)
        return bool(listening)

    def want_reports(self, every_second: bool) -> None:
        """Ask all peers to report every second, or only now and then, what they receive of us."""
        for call in self._calls.values():
            call.link.reporting.eager = every_second

    def take_copies(self) -> bool:
        """Return whether any peer that listens can use copies of earlier packets."""
        return any(call.up and call.link.speaks_red for call in self._calls.values())

    def round_trip_seconds(self, peer: str) -> float:
        """Return the measured round-trip time to a peer; 0 as long as there is none."""
        return (link.round_trips.seconds or 0.0) if (link := self.link_to(peer)) else 0.0

    def link_to(self, peer: str) -> PeerLink | None:
        """Return the link with a peer, if there is one."""
        return self._calls[peer].link if peer in self._calls else None

    def is_up(self, peer: str) -> bool:
        """Return whether the link with a peer is up."""
        return peer in self._calls and self._calls[peer].up

    async def watch(self) -> None:
        """Report links whose peer fell silent, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            now = self._now()
            for peer, call in self._calls.items():
                self.room.media_received(peer, call.call_id, call.newest_at)
                if call.is_silent(now, DOUBT_AFTER_S):
                    self._doubt(call)
            for peer, call in [(peer, call) for peer, call in self._calls.items() if call.is_silent(now)]:
                logger.info("nothing from %s for too long: calling again", peer)
                self._doubt(call)
                with self.faults.contained(peer, "the silence"):
                    self.room.lost(peer, call.call_id, now)
            self._drain()

    async def leave(self) -> None:
        """Say goodbye and close every link; nothing of this node runs in the background afterwards."""
        links = [call.link for call in self._calls.values()] + self._unclosed
        self._calls.clear()
        self.room.leave(self._now())
        self._drain()
        await asyncio.gather(*(self._close("", link) for link in links))

    def _doubt(self, call: LinkedPeer) -> None:
        if not call.activity.doubted:  # once for each silence
            call.activity.doubted = True
            self._doubt_broker()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _drain(self) -> None:
        for event in self.room.events():
            with self.faults.contained("" if isinstance(event, RoomIsFull) else event.peer, "a change"):
                self._handle(event)
        for outgoing in self.room.outgoing():
            with self.faults.contained(outgoing.to[0] if outgoing.to is not None else "", "a message to a peer"):
                self._post(outgoing)
        if self._timer is not None:
            self._timer.cancel()
        due = self.room.get_timer()
        self._timer = None if due is None else asyncio.get_running_loop().call_at(due, self._timer_due)

    def _timer_due(self) -> None:
        with self.faults.contained("", "what is due"):
            self.room.handle_timer(self._now())
        self._drain()

    def _handle(self, event: Event) -> None:
        match event:
            case PeerJoined(peer, hello):
                self._peer_carries[peer] = hello.carries
                self._events.joined(peer, hello)
            case PeerLeft(peer, _):
                self._peer_carries.pop(peer, None)
                self._events.left(peer)
            case MakeOffer(peer, call_id):
                call = self._new_call(peer, call_id)
                self._spawn(f"offer to {peer}", peer, partial(self._describe, call, call.link.offer))
            case MakeAnswer(peer, call_id, sdp):
                call = self._new_call(peer, call_id)
                self._spawn(f"answer to {peer}", peer, partial(self._describe, call, partial(call.link.answer, sdp)))
            case ApplyAnswer(peer, call_id, sdp):
                self._spawn(f"answer of {peer}", peer, partial(self._accept, call_id, sdp))
            case RouteChanged(peer, route):
                self._events.route_changed(peer, route)
            case EndCall(peer, call_id, _):
                self._end(peer, call_id)
            case RoomIsFull():
                self._begin("leave a full room", room_is_full())
            case PictureWanted(peer):
                self._events.picture_wanted(peer)
            case HereBySpeech(peer, name, is_so):
                self._events.here_by_speech(peer, name, is_so)

    def _spawn(self, name: str, peer: str, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        async def contained() -> None:
            with self.faults.contained(peer, "an offer or answer"):
                await work(peer)

        self._begin(name, contained())

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> bool:
        """Start the work, unless this node leaves: then it is dropped, and the answer is False."""
        if self._tasks is not None:
            return begin(self._tasks, name, work)
        work.close()
        return False

    def _new_call(self, peer: str, call_id: int) -> LinkedPeer:
        self._end(peer, None)
        direction = media_direction(self._carries, self._peer_carries[peer])

        def on_packet(sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
            with self.faults.contained(peer, "a packet"):
                if self._calls.get(peer) is call:  # its end takes a moment, in which another may be up
                    call.activity.packet(payload, self._now())
                    self._events.speech_received(peer, sequence, timestamp, payload, copies)

        def on_state(state: State) -> None:
            with self.faults.contained(peer, "the link"):
                self._state_changed(peer, call_id, state)

        def on_report(report: Report) -> None:
            with self.faults.contained(peer, "a report"):
                if self._calls.get(peer) is call:
                    self._events.report_received(peer, report)

        link = self._settings.link(direction, on_packet=on_packet, on_state=on_state, on_report=on_report)
        call = self._calls[peer] = LinkedPeer(call_id, link, direction, LinkActivity(self._now()))
        self._events.link_opened(peer)
        return call

    async def _describe(self, call: LinkedPeer, description: Callable[[], Coroutine[Any, Any, str]], peer: str) -> None:
        try:
            sdp = await description()
            if self._calls.get(peer) is call:
                self.room.described(peer, call.call_id, sdp, self._now())
        except Exception as error:  # a ValueError, too: an answer is as long as its offer makes it
            self._failed(peer, call.call_id, error)
        self._drain()

    async def _accept(self, call_id: int, sdp: str, peer: str) -> None:
        if (call := self._calls.get(peer)) is None or call.call_id != call_id:
            return
        try:
            await call.link.accept(sdp)
        except Exception as error:
            self._failed(peer, call_id, error)

    def _failed(self, peer: str, call_id: int, error: Exception) -> None:
        """Make the call again after any error that an offer or answer led to. Raises a LocalError again."""
        if isinstance(error, LocalError):
            raise error
        if isinstance(error, RemoteError | OSError):
            logger.warning("the call with %s failed: %s", peer, error)
        else:
            self.faults.add(peer, "an offer or answer", error)
        self.room.lost(peer, call_id, self._now())
        self._drain()

    def _state_changed(self, peer: str, call_id: int, state: State) -> None:
        if (call := self._calls.get(peer)) is None or call.call_id != call_id:
            return
        if state == "connected":
            call.up, call.activity.speech_at = True, self._now()
            self.room.connected(peer, call_id, self._now())
            self._events.link_up(peer)
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
        self._events.link_ended(peer)
        if not self._begin(f"closing {peer}", self._close(peer, call.link)):
            self._unclosed.append(call.link)  # this node leaves, too

    async def _close(self, peer: str, link: PeerLink) -> None:
        with self.faults.contained(peer, "the end of a call"):
            await link.close()
