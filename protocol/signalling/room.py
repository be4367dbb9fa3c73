"""The peers in the room, and the call with each of them: a mesh. Sans-I/O; time comes in as `now`.

Each node keeps its hello retained on `<room>/<node>/h`, so that a late joiner meets everyone at once. A peer counts as
being here once it has shown that it is alive (`protocol.signalling.liveness`). A goodbye is a hello, too, after which
the retained one is cleared.
A presence that is cleared without one is the MQTT last will, or a forgery, since what is empty cannot be sealed: its
node is asked whether it is still here, and is gone if it gives no proof of that.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace

from protocol.errors import SignalError
from protocol.signalling.bulletin import Bulletin
from protocol.signalling.events import Event, Outgoing, Output, PeerJoined, PeerLeft, RoomIsFull
from protocol.signalling.full_room import MAX_PEERS, Refusals, WaitingLine, first_crashed
from protocol.signalling.liveness import LivenessProofs, PeerSession
from protocol.signalling.messages import Answer, Bye, Hello, Message, Offer, Reason, decode, encode
from protocol.signalling.peer_call import PeerCall
from protocol.signalling.route import PeerRoutes
from protocol.signalling.states import State
from protocol.topics import Letter

__all__ = ["MAX_PEERS", "Room"]

# It is not known which peers left while the broker was away. Those still here have this long to show it; a node that
# comes back even later joins as if it were new.
ROLL_CALL_S = 20.0


class Room:
    """One node's view of its room.

    Every method may add to what `events()` and `outgoing()` hand out: drain both after each call. Call
    `handle_timer` at `get_timer()`. A call id or peer that is not, or no longer, known to the room changes
    nothing: the node's connections run beside the room, and their reports may cross its decisions.

    `oldest` gives the numbers of the first messages that a newcomer opens (`protocol.sealing.Sealer.oldest`), `shows`
    whether a picture of ours is retained. Without an `rng`, challenges and call ids come from the system's random
    source. The other public members are the room's own.
    """

    def __init__(
        self,
        node: str,
        hello: Hello,
        rng: random.Random | None = None,
        oldest: Callable[[], tuple[int, ...]] = lambda: (0, 0, 0),
        shows: Callable[[], bool] = lambda: False,
    ) -> None:
        self._node = node
        self._hello, self._oldest = hello, oldest
        self._rng = rng or random.SystemRandom()
        self.liveness = LivenessProofs(hello.session, self._rng)
        self.waiting, self.routes = WaitingLine(), PeerRoutes(hello.carries)
        self._calls: dict[str, PeerCall] = {}
        self._refusals, self._bulletin = Refusals(), Bulletin(node, hello, shows)
        self._output = Output()
        self._outgoing: list[Outgoing] = []
        self._left = False

    @property
    def peers(self) -> dict[str, Hello]:
        """The hellos of the peers that are here, by node id."""
        return {peer: call.hello for peer, call in self._calls.items()}

    def state(self, peer: str) -> State:
        """Return the state of the call with `peer`; `State.LEFT` if there is no such peer."""
        return self._calls[peer].state if peer in self._calls else State.LEFT

    def call(self, peer: str) -> PeerCall | None:
        """Return the call with `peer`, if that is here: to look at, while the room acts on it."""
        return self._calls.get(peer)

    def start(self, now: float) -> None:
        """Enter the room: publish the hello."""
        self._refusals.joined(now)
        self._bulletin.said_hello(alone=True, now=now)
        self._publish_hello(now)

    def reconnected(self, now: float) -> None:
        """Publish the hello again: the broker is back, and may have forgotten it or sent our last will.

        Peers that do not show within `ROLL_CALL_S` that they are alive are gone. After `leave` it changes nothing.
        """
        if self._left:
            return
        self.liveness.roll_call(map(self._session_of, self._calls), now, ROLL_CALL_S)
        self.liveness.schedule_hello(now)
        self._bulletin.said_hello(alone=not self._calls, now=now)
        self._publish_hello(now)
        for call in self._calls.values():
            call.resume(now)

    def network_changed(self, serving: Collection[str], now: float) -> None:
        """Call all peers again whose connections are not `serving` any more: our addresses have changed."""
        for call in self._calls.values():
            if call.peer not in serving:
                call.start_over(now)
        self._settle(now)

    def receive(self, sender: str, letter: str, payload: bytes, now: float, addressed: bool = False) -> None:
        """Take a payload that came on `<room>/<sender>/<letter>` or, `addressed`, on `<room>/<node>/<letter>/<sender>`.

        Raises `SignalError` or `VersionError` and leaves the state untouched if it cannot be read.
        """
        if self._left:
            return
        if sender == self._node:
            # Of our own messages only a last will matters, which the broker sent after we came back.
            if letter == Letter.PRESENCE and not payload:
                self.liveness.schedule_hello(now)
        elif letter == Letter.PRESENCE and not payload:
            if sender in self._calls:
                self.liveness.doubt(self._session_of(sender), now)
        else:
            self._receive_message(sender, letter, decode(payload), now, addressed)
        self._settle(now)

    def described(self, peer: str, call_id: int, sdp: str, now: float) -> None:
        """Take the local description that `MakeOffer` or `MakeAnswer` asked for.

        Raises `ValueError` if it is too long to send.
        """
        if call := self._calls.get(peer):
            call.described(call_id, sdp, now)
        self._settle(now)

    def connected(self, peer: str, call_id: int, now: float) -> None:
        """Note that the connection of this call is up."""
        if (call := self._calls.get(peer)) and call.connected(call_id, now):
            self._refusals.in_call()
        self._settle(now)

    def media_received(self, peer: str, call_id: int, at: float) -> None:
        """Note when something came last over the connection of this call."""
        if call := self._calls.get(peer):
            call.media_received(call_id, at)

    def picture_received(self, peer: str) -> None:
        """Note that a picture of the peer came: none has to be asked for."""
        self._bulletin.picture_received(peer)

    def lost(self, peer: str, call_id: int, now: float) -> None:
        """Note that the connection of this call failed or died: it is ended, and a new call follows."""
        if call := self._calls.get(peer):
            call.lost(call_id, now)
        self._settle(now)

    def leave(self, now: float) -> None:
        """End every call, publish the goodbye, and take nothing more."""
        for call in self._calls.values():
            call.hang_up()
        self._calls.clear()
        self._send_signals()
        goodbye = encode(self.liveness.goodbye(self._hello))
        self._outgoing += [Outgoing(Letter.PRESENCE, goodbye, False), Outgoing(Letter.PRESENCE, b"", retain=True)]
        self._left = True

    def events(self) -> list[Event]:
        """Return what happened since the last call."""
        events, self._output.events = self._output.events, []
        return events

    def outgoing(self) -> list[Outgoing]:
        """Return what to publish, in this order, since the last call."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def get_timer(self) -> float | None:
        """Return when `handle_timer` is due, or None."""
        if self._left:
            return None
        deadlines = [self.liveness.deadline(), self.routes.deadline(), self._bulletin.deadline()]
        deadlines += [call.deadline for call in self._calls.values()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`: offer, offer again, or give an attempt up."""
        for call in self._calls.values():
            if call.deadline is not None and call.deadline <= now:
                call.timeout(now)
        for peer, session in self.liveness.overdue(now):
            if peer in self._calls and self._session_of(peer) == (peer, session):
                self._calls[peer].gone()
        if self._bulletin.overdue(now):
            self.liveness.schedule_hello(now)
        self._settle(now)

    # -- what comes in

    def _receive_message(self, sender: str, letter: str, message: Message, now: float, addressed: bool) -> None:
        if isinstance(message, Hello) != (letter == Letter.PRESENCE):
            raise SignalError(f"a {type(message).__name__} does not belong on topic {letter!r}")
        if isinstance(message, Hello):
            self._receive_hello(sender, message, now)
        elif message.target == self._node and sender in self._calls:
            self._receive_signal(self._calls[sender], message, now, addressed)

    def _receive_hello(self, sender: str, hello: Hello, now: float) -> None:
        peer, known = (sender, hello.session), self._calls.get(sender)
        is_present = known is not None and known.hello.session == hello.session
        if hello.proof.leaving:
            if known is not None and is_present:
                known.discard(Reason.LEFT)
            elif self.waiting.remove(peer):
                self.liveness.forget(peer, now)
            return
        proven = self.liveness.receive(peer, hello, now)
        if proven is None:
            return
        if known is not None and is_present:
            if proven:
                known.seen()
                self._output.events += self._bulletin.read(sender, hello, now)
            elif known.state is State.UNSEEN:
                self.liveness.ask(peer, now)
        elif proven:
            self._admit(sender, hello, now)
        else:
            self.liveness.ask(peer, now)

    def _receive_signal(self, call: PeerCall, message: Offer | Answer | Bye, now: float, addressed: bool) -> None:
        if isinstance(message, Bye) and message.reason is Reason.FULL:
            self._refusals.refused(call.peer)
        else:
            self._refusals.accepted(call.peer)
            call.receive(message, now, addressed)

    # -- places

    def _admit(self, sender: str, hello: Hello, now: float) -> None:
        """Take in a newcomer, or a new session of a peer, that has shown that it is alive, if there is a place."""
        if known := self._calls.get(sender):
            known.discard(Reason.RESTARTED)
            self._forget(sender, Reason.RESTARTED, now)
        elif len(self._calls) >= MAX_PEERS:
            self.liveness.defer((sender, hello.session))
            self.waiting.add((sender, hello.session))
            return
        self.waiting.remove((sender, hello.session))
        call = PeerCall(self._node, sender, self._hello, hello, rng=self._rng, output=self._output)
        self._calls[sender] = call
        self._output.events += [PeerJoined(sender, hello), *self._bulletin.joined(sender, hello, now)]

    def _serve_waiting(self, now: float) -> None:
        """Give a place that is free to the first that waits; inform all of them if there will be none."""
        if not self.waiting:
            return
        if len(self._calls) >= MAX_PEERS and (crashed := first_crashed(self._calls.values(), now)) is not None:
            crashed.discard(Reason.LEFT)  # it may be the one that waits
            self._forget_departed(now)
        if len(self._calls) < MAX_PEERS:
            self.liveness.invite(self.waiting.pop_first(), now)
        elif not any(self.liveness.is_doubted(self._session_of(peer)) for peer in self._calls):
            for peer, session in self.waiting.pop_uninformed():
                self._output.messages.append((Bye(peer, 0, Reason.FULL), session, False))

    def _forget_departed(self, now: float) -> None:
        for peer in [peer for peer, call in self._calls.items() if call.state is State.LEFT]:
            self._forget(peer, Reason.LEFT, now)

    def _forget(self, peer: str, reason: Reason, now: float) -> None:
        self.liveness.forget((peer, self._calls.pop(peer).hello.session), now)
        self._bulletin.left(peer)
        self._output.events.append(PeerLeft(peer, reason))

    def _session_of(self, peer: str) -> PeerSession:
        return peer, self._calls[peer].hello.session

    # -- what goes out

    def _settle(self, now: float) -> None:
        """Forget peers that are gone, and send what is due."""
        if self._refusals.room_is_full(self._calls.values(), now):
            self._output.events.append(RoomIsFull())
        self._forget_departed(now)
        self._serve_waiting(now)
        self._output.events += self.routes.update(self._calls, self.liveness.strangers, now)
        self._output.events += self._bulletin.changes(self._calls)
        if self._bulletin.is_outdated(self._calls):
            self.liveness.schedule_hello(now)
        # A peer takes our offer once it has our echo: that goes first.
        if self.liveness.is_time(now) or (self.liveness.is_due and self._output.messages):
            self._publish_hello(now)
        self._send_signals()

    def _send_signals(self) -> None:
        for message, session, addressed in self._output.messages:
            self._outgoing.append(Outgoing(Letter.SIGNAL, encode(message), False, (message.target, session), addressed))
        self._output.messages.clear()

    def _publish_hello(self, now: float) -> None:
        one = self.liveness.addressee()
        hello = replace(self._hello, news=self._bulletin.news(self._calls, for_all=one is None))
        said = encode(self.liveness.next_hello(hello, self._oldest(), now, one))
        self._outgoing.append(Outgoing(Letter.PRESENCE, said, retain=one is None, to=one, addressed=one is not None))
