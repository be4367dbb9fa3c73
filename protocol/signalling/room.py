"""Who is in the room, and the call with each of them: a mesh of pairs. Sans-I/O; time comes in as `now`.

Each node keeps its hello retained on `<room>/<node>/h`, so that a late joiner meets everyone at once. Who counts as
being here has shown that it is alive (`protocol.signalling.liveness`). A goodbye is a hello, too, after which the
retained one is cleared.

A presence that is cleared without a goodbye is the MQTT last will, or a forgery, since what is empty cannot be sealed:
its node is asked whether it is still here, and is gone if it does not say so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection

from protocol.errors import SignalError
from protocol.signalling.events import Event, Outgoing, PeerJoined, PeerLeft, RoomIsFull
from protocol.signalling.liveness import MAX_STRANGERS, Handshake, Who
from protocol.signalling.messages import Answer, Bye, Hello, Message, Offer, Reason, decode, encode
from protocol.signalling.peer_call import Output, Pair
from protocol.signalling.states import State
from protocol.topics import Letter

__all__ = ["MAX_PEERS", "Room"]

# Eight people in all. In a mesh everyone sends his speech to each of the others, seven times 10 kbit/s.
MAX_PEERS = 7
# Whoever finds no place at so many of us leaves. Two who come at once for the last place may be seen in either order,
# and one of them is turned away by most.
REFUSALS = MAX_PEERS // 2 + 1
# Whoever is in a call was taken in, whatever others say: full is believed only after so long without one...
REFUSED_AFTER_S = 20.0
# ...and by a node that has no speech for anybody, so long after it came: that is what the slowest broker takes.
REFUSED_WITHIN_S = 30.0
# A peer whose last will came has crashed if nothing of its media came for so long.
HEARD_S = 5.0
# Nobody knows who left while the broker was away. Who is still here has this long to show it; a node that
# comes back even later joins as if it were new.
ROLL_CALL_S = 20.0


class Room:
    """One node's view of its room.

    Every method may add to what `events()` and `outgoing()` hand out: drain both after each call. Call
    `handle_timer` at `get_timer()`. A call id or peer that is not, or no longer, known to the room changes
    nothing: the node's connections run beside the room, and their reports may cross its decisions.

    `oldest` gives the numbers of the first messages that a newcomer opens (`protocol.sealing.Sealer.oldest`). Without
    an `rng`, challenges and call ids come from the system's random source.
    """

    def __init__(
        self,
        node: str,
        hello: Hello,
        rng: random.Random | None = None,
        oldest: Callable[[], tuple[int, int, int]] = lambda: (0, 0, 0),
    ) -> None:
        self._node = node
        self._hello, self._oldest = hello, oldest
        self._rng = rng or random.SystemRandom()
        self._handshake = Handshake(hello.session, self._rng)
        self._pairs: dict[str, Pair] = {}
        self._in_line: dict[Who, bool] = {}
        self._refused_by: set[str] = set()
        self._was_refused = False
        self._came_at = self._in_call_until = -math.inf
        self._output = Output()
        self._outgoing: list[Outgoing] = []
        self._left = False

    @property
    def peers(self) -> dict[str, Hello]:
        """Who is here besides us."""
        return {peer: pair.hello for peer, pair in self._pairs.items()}

    def state(self, peer: str) -> State:
        """Return where the call with `peer` stands; `State.LEFT` if there is no such peer."""
        return self._pairs[peer].state if peer in self._pairs else State.LEFT

    def start(self, now: float) -> None:
        """Enter the room: publish the hello."""
        self._came_at = now
        self._publish_hello(now)

    def reconnected(self, now: float) -> None:
        """Publish the hello again: the broker is back, and may have forgotten it or sent our last will.

        Peers that do not show within `ROLL_CALL_S` that they are alive are gone. After `leave` it changes nothing.
        """
        if self._left:
            return
        self._handshake.roll_call(map(self._who, self._pairs), now, ROLL_CALL_S)
        self._publish_hello(now)
        for pair in self._pairs.values():
            pair.resume(now)

    def network_changed(self, kept: Collection[str], now: float) -> None:
        """Make every call anew but those with the `kept` peers: our addresses have changed, and these still serve."""
        for pair in self._pairs.values():
            if pair.peer not in kept:
                pair.start_over(now)
        self._settle(now)

    def receive(self, sender: str, letter: str, payload: bytes, now: float) -> None:
        """Take a payload that came on `<room>/<sender>/<letter>`.

        Raises `SignalError` or `VersionError` and leaves the state untouched if it cannot be read.
        """
        if self._left:
            return
        if sender == self._node:
            self._receive_echo(letter, payload, now)
        elif letter == Letter.PRESENCE and not payload:
            self._receive_clearing(sender, now)
        else:
            self._receive_message(sender, letter, decode(payload), now)
        self._settle(now)

    def described(self, peer: str, call_id: int, sdp: str, now: float) -> None:
        """Take the local description that `MakeOffer` or `MakeAnswer` asked for.

        Raises `ValueError` if it is too long to send.
        """
        if pair := self._pairs.get(peer):
            pair.described(call_id, sdp, now)
        self._settle(now)

    def connected(self, peer: str, call_id: int, now: float) -> None:
        """Note that the connection of this call is up."""
        if pair := self._pairs.get(peer):
            pair.connected(call_id, now)
            if pair.is_up:
                self._in_call_until = math.inf

    def heard(self, peer: str, call_id: int, at: float) -> None:
        """Note when something came last over the connection of this call."""
        if pair := self._pairs.get(peer):
            pair.heard(call_id, at)

    def lost(self, peer: str, call_id: int, now: float) -> None:
        """Note that the connection of this call failed or died: it is ended, and a new call follows."""
        if pair := self._pairs.get(peer):
            pair.lost(call_id, now)
        self._settle(now)

    def leave(self, now: float) -> None:
        """End every call, say goodbye, and take nothing more."""
        for pair in self._pairs.values():
            pair.hang_up()
        self._pairs.clear()
        self._send_signals()
        self._say(self._handshake.last_words(self._hello), retain=False)
        self._outgoing.append(Outgoing(Letter.PRESENCE, b"", retain=True))
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
        deadlines = [self._handshake.deadline(), *(pair.deadline for pair in self._pairs.values())]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`: offer, offer again, or give an attempt up."""
        for pair in self._pairs.values():
            if pair.deadline is not None and pair.deadline <= now:
                pair.timeout(now)
        for peer, session in self._handshake.overdue(now):
            if peer in self._pairs and self._who(peer) == (peer, session):
                self._pairs[peer].gone()
        self._settle(now)

    def _receive_echo(self, letter: str, payload: bytes, now: float) -> None:
        """Ignore our own messages, but not a last will that the broker sent after we came back."""
        if letter == Letter.PRESENCE and not payload:
            self._handshake.hurry(now)

    def _receive_clearing(self, sender: str, now: float) -> None:
        if sender in self._pairs:
            self._handshake.doubt(self._who(sender), now)

    def _receive_message(self, sender: str, letter: str, message: Message, now: float) -> None:
        if isinstance(message, Hello) != (letter == Letter.PRESENCE):
            raise SignalError(f"a {type(message).__name__} does not belong on topic {letter!r}")
        if isinstance(message, Hello):
            self._receive_hello(sender, message, now)
        elif message.target == self._node and sender in self._pairs:
            self._receive_signal(self._pairs[sender], message, now)

    def _receive_hello(self, sender: str, hello: Hello, now: float) -> None:
        who, known = (sender, hello.session), self._pairs.get(sender)
        is_here = known is not None and known.hello.session == hello.session
        if hello.proof.leaving:
            if known is not None and is_here:
                known.gone()
            elif self._in_line.pop(who, None) is not None:
                self._handshake.forget(who, now)
            return
        proven = self._handshake.hear(who, hello, now)
        if proven is None:
            return
        if known is not None and is_here:
            self._see(known, who, proven, now)
        elif proven:
            self._welcome(sender, hello, now)
        else:
            self._handshake.ask(who, now)

    def _see(self, pair: Pair, who: Who, proven: bool, now: float) -> None:
        """A peer that is here said hello again."""
        if proven:
            pair.seen()
        elif pair.state is State.UNSEEN:
            self._handshake.ask(who, now)

    def _welcome(self, sender: str, hello: Hello, now: float) -> None:
        """A newcomer, or a new session of a peer, has shown that it is alive."""
        if known := self._pairs.get(sender):
            known.discard(Reason.RESTARTED)
            self._output.events.append(PeerLeft(sender, Reason.RESTARTED))
            self._handshake.forget(self._who(sender), now)
        elif len(self._pairs) >= MAX_PEERS:
            self._put_in_line((sender, hello.session))
            return
        self._in_line.pop((sender, hello.session), None)
        pair = Pair(self._node, sender, self._hello, hello, rng=self._rng, output=self._output)
        self._pairs[sender] = pair
        self._output.events.append(PeerJoined(sender, hello))
        pair.begin(now)

    def _put_in_line(self, who: Who) -> None:
        """There is no place for somebody. He is echoed, so that he may see us, and asked nothing until there is one."""
        self._handshake.put_off(who)
        self._in_line.setdefault(who, False)
        if len(self._in_line) > MAX_STRANGERS:
            del self._in_line[next(iter(self._in_line))]

    def _serve_line(self, now: float) -> None:
        """Give a place that is free to the first in line; tell all of them if there will be none."""
        if not self._in_line:
            return
        if len(self._pairs) >= MAX_PEERS:
            self._take_the_place_of_who_crashed(now)
        if len(self._pairs) < MAX_PEERS:
            who = next(iter(self._in_line))
            del self._in_line[who]
            self._handshake.invite(who, now)
        elif not any(self._handshake.doubts(self._who(peer)) for peer in self._pairs):
            for who in [who for who, told in self._in_line.items() if not told]:
                self._in_line[who] = True
                self._output.messages.append((Bye(who[0], 0, Reason.FULL), who[1]))

    def _take_the_place_of_who_crashed(self, now: float) -> None:
        """A last will came, no answer since, and no media: that node has crashed, and may be the one in line."""
        unseen = (pair for pair in self._pairs.values() if pair.state is State.UNSEEN)
        if (crashed := next((pair for pair in unseen if pair.heard_at <= now - HEARD_S), None)) is not None:
            crashed.discard(Reason.LEFT)
            self._forget_the_gone(now)

    def _who(self, peer: str) -> Who:
        return peer, self._pairs[peer].hello.session

    def _receive_signal(self, pair: Pair, message: Offer | Answer | Bye, now: float) -> None:
        if isinstance(message, Bye) and message.reason is Reason.FULL:
            self._refused_by.add(pair.peer)
            return
        self._refused_by.discard(pair.peer)
        match message:
            case Offer(_, call_id, description):
                pair.receive_offer(call_id, description, now)
            case Answer(_, call_id, description, offer):
                pair.receive_answer(call_id, description, offer, now)
            case Bye(_, call_id, reason):
                pair.receive_bye(call_id, reason, now)

    def _heed_refusals(self, now: float) -> None:
        """Leave if most refuse us and nothing shows that we were taken in: any member can have many identities."""
        if any(pair.is_up for pair in self._pairs.values()):
            return
        self._in_call_until = min(self._in_call_until, now)
        if self._was_refused or len(self._refused_by & self._pairs.keys()) < REFUSALS:
            return
        speaks = any(pair.speaks for pair in self._pairs.values())
        if now >= self._in_call_until + REFUSED_AFTER_S if speaks else now <= self._came_at + REFUSED_WITHIN_S:
            self._was_refused = True
            self._output.events.append(RoomIsFull())

    def _settle(self, now: float) -> None:
        """Forget peers that are gone, and send what is to be said."""
        self._heed_refusals(now)
        self._forget_the_gone(now)
        self._serve_line(now)
        # A peer takes our offer once it has our echo: that goes first.
        if self._handshake.is_time(now) or (self._handshake.due and self._output.messages):
            self._publish_hello(now)
        self._send_signals()

    def _forget_the_gone(self, now: float) -> None:
        for peer in [peer for peer, pair in self._pairs.items() if pair.state is State.LEFT]:
            who = self._who(peer)
            del self._pairs[peer]
            self._handshake.forget(who, now)
            self._output.events.append(PeerLeft(peer, Reason.LEFT))

    def _send_signals(self) -> None:
        for message, session in self._output.messages:
            to = message.target, session
            self._outgoing.append(Outgoing(Letter.SIGNAL, encode(message), retain=False, to=to))
        self._output.messages.clear()

    def _publish_hello(self, now: float) -> None:
        self._say(self._handshake.say(self._hello, self._oldest(), now), retain=True)

    def _say(self, hello: Hello, retain: bool) -> None:
        self._outgoing.append(Outgoing(Letter.PRESENCE, encode(hello), retain))
