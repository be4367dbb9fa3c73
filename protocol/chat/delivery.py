"""One node's part in the delivery of lines: bytes and `now` in; bytes, events and deadlines out."""

from __future__ import annotations

from typing import TypeAlias

from protocol import frames
from protocol.chat.authors import Authors
from protocol.chat.lines import UTF8, Arrived, KnownLine, LineArrived, LineEvent, MarksChanged, Spoken, Wording
from protocol.chat.newcomers import SETTLE_S, Gift, Newcomers
from protocol.chat.own_lines import OwnLine, OwnLines
from protocol.errors import FrameError

__all__ = ["LineDelivery"]

_Pairs: TypeAlias = tuple[tuple[str, int], ...]

_MOST_AGE = 2**32 - 1


class LineDelivery:
    """Delivers the lines of the node `node`, called `name`, and takes those of the others.

    Every method may add to what `events()` and `outgoing()` hand out: drain both after each call. Call `handle_timer`
    at `get_timer()`. While the broker is away nothing is handed out, and no time passes. Nothing is ever sent unless
    somebody said something.
    """

    def __init__(self, node: str, name: str, now: float) -> None:
        self._node, self._name = node, name
        self._started_at = now
        self._own, self._authors, self._newcomers = OwnLines(), Authors(), Newcomers(node)
        self._known: dict[str, int] = {}
        self._is_online = True
        self._events: list[LineEvent] = []
        self._outgoing: list[bytes] = []

    @property
    def unsent(self) -> int:
        """How many of our lines wait for those before them to be acknowledged."""
        return self._own.unsent

    def joined(self, peer: str, session: int, reads: frozenset[int], now: float) -> None:
        """Meet a session of a peer, which reads lines in these caption codecs; in none if it reads no lines at all."""
        if not reads:
            return
        is_older = now - self._started_at <= SETTLE_S
        self._authors.joined(peer, session)
        self._changed(self._own.joined(peer, session, reads, now, from_start=is_older))
        if self._known.get(peer) != session:  # one that comes back has what was said before it left
            self._known[peer] = session
            self._newcomers.joined(peer, now, is_older)
        self._settle(now)

    def left(self, peer: str) -> None:
        """Deliver nothing more to a peer, unless it comes back."""
        self._authors.left(peer)
        if self._newcomers.left(peer):
            self._known.pop(peer, None)
        self._changed(self._own.left(peer))

    def broker_lost(self) -> None:
        """Keep everything until the broker is back."""
        self._is_online = False

    def broker_returned(self, now: float) -> None:
        """Send what is missing."""
        self._is_online = True
        self._own.returned(now)
        self._settle(now)

    def say(self, wording: Wording, now: float, spoken: Spoken | None = None) -> int:
        """Send a line to everyone present, and return its number. One that was `spoken` is for those alone."""
        number = self._own.say(wording, now, spoken)
        if spoken is None:
            self._newcomers.remember(KnownLine(self._node, self._name, number, wording, now))
        self._settle(now)
        return number

    def remember(self, line: Arrived, name: str, wording: Wording) -> bool:
        """Keep a line that arrived for newcomers, now that it is read, with its author's `name`.

        Returns whether it is new: not, if the same was relayed before it came from its author.
        """
        is_new = self._authors.is_new(line, wording.coded[UTF8])
        if is_new and line.spoken is None:
            self._newcomers.remember(KnownLine(line.author, name, line.number, wording, line.said_at))
        return is_new

    def marks(self, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the peers that have this line of ours, and those present that still lack it."""
        return self._own.marks(number)

    def receive(self, sender: str, payload: bytes, now: float) -> None:
        """Take a payload that came on `<room>/<sender>/t`.

        Raises `FrameError` or `VersionError` and leaves the state untouched if it cannot be read.
        """
        match frame := frames.decode(payload):
            case frames.Line(number, coded, codec, behind, age, tenths, after, had):
                spoken = Spoken(tenths, after) if tenths else None
                line = Arrived(sender, sender, number, codec, coded, now - age, spoken=spoken)
                self._events += map(LineArrived, self._authors.receive(line, behind, now))
                self._acknowledged(sender, had, (), now)
            case frames.Have(had, given):
                self._acknowledged(sender, had, given, now)
            case frames.Relayed():
                self._take_relayed(sender, frame, now)
            case _:
                raise FrameError(f"a {type(frame).__name__} does not belong on topic 't'")
        self._settle(now)

    def events(self) -> list[LineEvent]:
        """Return what happened since the last call."""
        events, self._events = self._events, []
        return events

    def outgoing(self) -> list[bytes]:
        """Return the frames to publish, in this order, since the last call."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def get_timer(self) -> float | None:
        """Return when `handle_timer` is due, or None."""
        if not self._is_online:
            return None
        deadlines = (self._own.resend_at, self._authors.ack_at, self._newcomers.deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`: acknowledge, send again, give newcomers what was said."""
        self._settle(now)

    def _take_relayed(self, sender: str, frame: frames.Relayed, now: float) -> None:
        if frame.target != self._node:
            self._newcomers.overheard(sender, frame.target, frame.of, now)
            if frame.author == self._node:
                self._own.promised(frame.target, sender, frame.place, frame.number)
            return
        said_at = now - frame.age
        line = Arrived(sender, frame.author, frame.number, frame.codec, frame.coded, said_at, frame.name)
        arrived = list(self._authors.receive_earlier(line, frame.place, now))
        if frame.author != self._node:
            self._events += map(LineArrived, arrived)

    def _acknowledged(self, peer: str, had: _Pairs, given: _Pairs, now: float) -> None:
        for author, number in had:
            if author == self._node:
                self._changed(self._own.acknowledged(peer, number, now))
        for giver, places in given:
            self._newcomers.acknowledged(peer, giver, places, now)
            self._changed(self._own.given(peer, giver, places))

    def _changed(self, numbers: range) -> None:
        if numbers:
            self._events.append(MarksChanged(numbers))

    def _settle(self, now: float) -> None:
        """Hand out what is due."""
        if not self._is_online:
            return
        self._outgoing += [frames.encode(have) for have in self._authors.acknowledgements(now)]
        self._outgoing += [self._line(line, now) for line in self._own.due(now)]
        self._outgoing += [self._relayed(gift, now) for gift in self._newcomers.due(now)]

    def _line(self, line: OwnLine, now: float) -> bytes:
        codec, coded = line.wording.shortest(self._own.readable())
        behind, spoken = self._own.behind(line.number), line.spoken or Spoken(0)
        age = _age(line.said_at, now)
        had = self._authors.taken_along()
        return frames.encode(frames.Line(line.number, coded, codec, behind, age, spoken.tenths, spoken.after, had))

    def _relayed(self, gift: Gift, now: float) -> bytes:
        line = gift.line
        if line.author == self._node:
            self._own.promised(gift.target, self._node, gift.place, line.number)
        codec, coded = line.wording.shortest(self._own.read_by(gift.target))
        age = _age(line.said_at, now)
        return frames.encode(
            frames.Relayed(gift.target, gift.place, gift.of, line.author, line.number, coded, line.name, age, codec)
        )


def _age(said_at: float, now: float) -> int:
    return max(0, min(_MOST_AGE, int(now - said_at)))
