"""Who is in the room, and the call with each of them: a mesh of pairs. Sans-I/O; time comes in as `now`.

Each node keeps its hello retained on `<room>/<node>/h`, so that a late joiner meets everyone at once. An
empty retained payload there, as the goodbye or as the MQTT last will, clears it.
"""

from __future__ import annotations

import random

from protocol.errors import SignalError
from protocol.signalling.descriptions import unpack_description
from protocol.signalling.events import Event, Outgoing, PeerJoined, PeerLeft
from protocol.signalling.messages import Answer, Bye, Hello, Message, Offer, Reason, decode, encode
from protocol.signalling.pair import Output, Pair
from protocol.signalling.states import State
from protocol.topics import Letter

__all__ = ["MAX_PEERS", "Room"]

# Eight people in all. In a mesh everyone sends his speech to each of the others, seven times 10 kbit/s.
MAX_PEERS = 7
# The broker forgot who left while it was away, and so did we. Who is still here has this long to say so
# again; a node that comes back even later joins as if it were new.
ROLL_CALL_S = 20.0


class Room:
    """One node's view of its room.

    Every method may add to what `events()` and `outgoing()` hand out: drain both after each call. Call
    `handle_timer` at `get_timer()`. A call id or peer that is not, or no longer, known to the room changes
    nothing: the node's connections run beside the room, and their reports may cross its decisions.
    """

    def __init__(self, node: str, hello: Hello, rng: random.Random | None = None) -> None:
        self._node = node
        self._hello = hello
        self._rng = rng or random.SystemRandom()
        self._pairs: dict[str, Pair] = {}
        self._output = Output()
        self._outgoing: list[Outgoing] = []
        self._left = False
        self._unheard: set[str] = set()
        self._roll_call_ends: float | None = None

    @property
    def peers(self) -> dict[str, Hello]:
        """Who is here besides us."""
        return {peer: pair.hello for peer, pair in self._pairs.items()}

    def state(self, peer: str) -> State:
        """Return where the call with `peer` stands; `State.LEFT` if there is no such peer."""
        return self._pairs[peer].state if peer in self._pairs else State.LEFT

    def start(self, now: float) -> None:
        """Enter the room: publish the hello."""
        self._publish_hello()

    def reconnected(self, now: float) -> None:
        """Publish the hello again: the broker is back, and may have forgotten it or sent our last will.

        Peers that do not say hello again within `ROLL_CALL_S` are gone. After `leave` it changes nothing.
        """
        if self._left:
            return
        self._publish_hello()
        self._unheard = set(self._pairs)
        self._roll_call_ends = now + ROLL_CALL_S

    def receive(self, sender: str, letter: str, payload: bytes, now: float) -> None:
        """Take a payload that came on `<room>/<sender>/<letter>`.

        Raises `SignalError` or `VersionError` and leaves the state untouched if it cannot be read, or if the
        room is full.
        """
        if self._left:
            return
        if sender == self._node:
            self._receive_echo(letter, payload)
        elif letter == Letter.PRESENCE and not payload:
            self._receive_goodbye(sender)
        else:
            self._receive_message(sender, letter, decode(payload), now)
        self._settle()

    def described(self, peer: str, call_id: int, sdp: str, now: float) -> None:
        """Take the local description that `MakeOffer` or `MakeAnswer` asked for.

        Raises `ValueError` if it is too long to send.
        """
        if pair := self._pairs.get(peer):
            pair.described(call_id, sdp, now)
        self._settle()

    def connected(self, peer: str, call_id: int, now: float) -> None:
        """Note that the connection of this call is up."""
        if pair := self._pairs.get(peer):
            pair.connected(call_id, now)

    def lost(self, peer: str, call_id: int, now: float) -> None:
        """Note that the connection of this call failed or died: it is ended, and a new call follows."""
        if pair := self._pairs.get(peer):
            pair.lost(call_id, now)
        self._settle()

    def leave(self, now: float) -> None:
        """End every call, say goodbye, and take nothing more."""
        for pair in self._pairs.values():
            pair.hang_up()
        self._pairs.clear()
        self._roll_call_ends = None
        self._settle()
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
        deadlines = [self._roll_call_ends, *(pair.deadline for pair in self._pairs.values())]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`: offer, offer again, or give an attempt up."""
        for pair in self._pairs.values():
            if pair.deadline is not None and pair.deadline <= now:
                pair.timeout(now)
        if self._roll_call_ends is not None and self._roll_call_ends <= now:
            self._end_roll_call()
        self._settle()

    def _receive_echo(self, letter: str, payload: bytes) -> None:
        """Ignore our own messages, but not a last will that the broker sent after we came back."""
        if letter == Letter.PRESENCE and not payload:
            self._publish_hello()

    def _receive_goodbye(self, sender: str) -> None:
        if pair := self._pairs.get(sender):
            pair.gone()

    def _receive_message(self, sender: str, letter: str, message: Message, now: float) -> None:
        if isinstance(message, Hello) != (letter == Letter.PRESENCE):
            raise SignalError(f"a {type(message).__name__} does not belong on topic {letter!r}")
        if isinstance(message, Hello):
            self._receive_hello(sender, message, now)
        elif message.target == self._node and sender in self._pairs:
            self._receive_signal(self._pairs[sender], message, now)

    def _receive_hello(self, sender: str, hello: Hello, now: float) -> None:
        self._unheard.discard(sender)
        known = self._pairs.get(sender)
        if known and known.hello == hello:
            known.seen()
            return
        if known:
            known.discard(Reason.RESTARTED)
            self._output.events.append(PeerLeft(sender, Reason.RESTARTED))
        elif len(self._pairs) >= MAX_PEERS:
            raise SignalError(f"the room is full: there are {MAX_PEERS + 1} nodes without {sender}")
        pair = Pair(self._node, sender, self._hello, hello, rng=self._rng, output=self._output)
        self._pairs[sender] = pair
        self._output.events.append(PeerJoined(sender, hello))
        pair.begin(now)

    def _end_roll_call(self) -> None:
        for peer in self._unheard & self._pairs.keys():
            self._pairs[peer].gone()
        self._unheard.clear()
        self._roll_call_ends = None

    def _receive_signal(self, pair: Pair, message: Offer | Answer | Bye, now: float) -> None:
        match message:
            case Offer(_, call_id, description):
                pair.receive_offer(call_id, unpack_description(description), now)
            case Answer(_, call_id, description):
                pair.receive_answer(call_id, unpack_description(description), now)
            case Bye(_, call_id, reason):
                pair.receive_bye(call_id, reason, now)

    def _settle(self) -> None:
        """Send what the pairs have to say, and forget peers that are gone."""
        self._outgoing += [Outgoing(Letter.SIGNAL, encode(message), retain=False) for message in self._output.messages]
        self._output.messages.clear()
        for peer in [peer for peer, pair in self._pairs.items() if pair.state is State.LEFT]:
            del self._pairs[peer]
            self._output.events.append(PeerLeft(peer, Reason.LEFT))

    def _publish_hello(self) -> None:
        self._outgoing.append(Outgoing(Letter.PRESENCE, encode(self._hello), retain=True))
