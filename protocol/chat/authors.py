"""The lines of others: each taken once, in its author's order, and acknowledged by one message for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.chat.lines import SPOKEN_GATHER_S, Arrived
from protocol.frames import MAX_HAD, MAX_TAKEN_ALONG, Have

__all__ = ["AHEAD", "BURST", "GATHER_S", "MAX_RELAYED", "Authors"]

# Acknowledgements that are due within so long a time are one message.
GATHER_S = 0.25
# Lines that wait for one before them; further ones are not taken, and come again.
AHEAD = 64
# Lines of a peer at once, and in a second: a script may say many, but a flood is slowed down to what can be looked at.
BURST, PER_S = 256.0, 10.0
# Earlier lines that are taken in a session: three times what a newcomer is given.
MAX_RELAYED = 64
# Authors that are remembered: those who are here, and those who came back or may.
MAX_AUTHORS = 64
# Members that relay: those of a full room, and as many that came in the place of others.
MAX_GIVERS = 16


@dataclass(slots=True)
class _Stream:
    """The lines of one author's session: `next` is what is expected, `base` what was expected first."""

    session: int | None
    next: int
    base: int
    tokens: float
    refilled_at: float
    waiting: dict[int, Arrived] = field(default_factory=dict)


class Authors:
    """The streams of all authors. `ack_at` is when `acknowledgements` are due; None if none are."""

    def __init__(self) -> None:
        self.ack_at: float | None = None
        self._streams: dict[str, _Stream] = {}
        self._sessions: dict[str, int] = {}
        # By author, whether the lines to be acknowledged were spoken: those who say them read what lines take along.
        self._owed: dict[str, bool] = {}
        self._given: dict[str, int] = {}
        self._owed_givers: dict[str, None] = {}
        self._relayed: dict[tuple[str, int], bytes | None] = {}

    def joined(self, author: str, session: int) -> None:
        """Expect lines of this session of an author; those of another one are no part of it."""
        stream = self._streams.get(author)
        if stream is not None and stream.session != session:
            del self._streams[author]
        self._sessions[author] = session

    def left(self, author: str) -> None:
        """Expect no lines of an author; its place is remembered."""
        self._sessions.pop(author, None)

    def receive(self, line: Arrived, behind: int, now: float) -> Iterator[Arrived]:
        """Take a line that its author sent; yield those that have their turn now."""
        first = line.number - behind
        stream = self._stream(line.author, first, now)
        if first > stream.next:
            yield from self._skip_to(stream, first)
        if line.number < stream.next or line.number in stream.waiting:
            self._owe(line, now)
        elif line.number < stream.next + AHEAD and self._is_allowed(stream, now):
            self._owe(line, now, GATHER_S if line.spoken is None else SPOKEN_GATHER_S)
            stream.waiting[line.number] = line
            yield from self._in_turn(stream)

    def receive_earlier(self, line: Arrived, place: int, now: float) -> Iterator[Arrived]:
        """Take a line that a member relays, in the giver's order; yield it unless it came, or will, from its author."""
        if place > self._given.get(line.via, 0) or (line.via not in self._given and len(self._given) >= MAX_GIVERS):
            return
        is_next = place == self._given.setdefault(line.via, 0)
        self._given[line.via] += is_next
        self._owed_givers[line.via] = None
        self._acknowledge_by(now + GATHER_S)
        stream, key = self._streams.get(line.author), (line.author, line.number)
        is_live = stream is not None and line.number >= stream.base
        if is_next and not is_live and key not in self._relayed and len(self._relayed) < MAX_RELAYED:
            self._relayed[key] = None
            yield line

    def is_new(self, line: Arrived, text: bytes) -> bool:
        """Return whether a line that was read is new: an author's own may have been relayed, with the same text."""
        key = line.author, line.number
        if line.name is None:
            return self._relayed.get(key) != text
        self._relayed[key] = text
        return True

    def acknowledgements(self, now: float) -> list[Have]:
        """Return what is to be acknowledged, once it is time."""
        if self.ack_at is None or self.ack_at > now:
            return []
        had = [(author, self._streams[author].next) for author in self._owed if author in self._streams]
        given = [(giver, self._given[giver]) for giver in self._owed_givers]
        self._owed.clear()
        self._owed_givers.clear()
        self.ack_at = None
        count = max(len(had), len(given))
        return [Have(tuple(had[at : at + MAX_HAD]), tuple(given[at : at + MAX_HAD])) for at in range(0, count, MAX_HAD)]

    def taken_along(self) -> tuple[tuple[str, int], ...]:
        """Return what a line of ours acknowledges as it goes: lines that were spoken; nothing else of them is due."""
        authors = [author for author, spoken in self._owed.items() if spoken and author in self._streams]
        for author in authors[:MAX_TAKEN_ALONG]:
            del self._owed[author]
        if not (self._owed or self._owed_givers):
            self.ack_at = None
        return tuple((author, self._streams[author].next) for author in authors[:MAX_TAKEN_ALONG])

    def _stream(self, author: str, first: int, now: float) -> _Stream:
        if (stream := self._streams.get(author)) is None:
            gone = next((one for one in self._streams if one not in self._sessions), None)
            if len(self._streams) >= MAX_AUTHORS and gone is not None:
                del self._streams[gone]
            stream = self._streams[author] = _Stream(self._sessions.get(author), first, first, BURST, now)
        return stream

    def _is_allowed(self, stream: _Stream, now: float) -> bool:
        """Return whether one more line may be taken, and count it."""
        stream.tokens = min(BURST, stream.tokens + (now - stream.refilled_at) * PER_S)
        stream.refilled_at = now
        if stream.tokens < 1:
            return False
        stream.tokens -= 1
        return True

    def _skip_to(self, stream: _Stream, first: int) -> Iterator[Arrived]:
        """Give up what the author does not send any more."""
        for number in sorted(number for number in stream.waiting if number < first):
            yield stream.waiting.pop(number)
        stream.next = first
        yield from self._in_turn(stream)

    def _in_turn(self, stream: _Stream) -> Iterator[Arrived]:
        while (line := stream.waiting.pop(stream.next, None)) is not None:
            stream.next += 1
            yield line

    def _owe(self, line: Arrived, now: float, gather_s: float = GATHER_S) -> None:
        self._owed[line.author] = line.spoken is not None
        self._acknowledge_by(now + gather_s)

    def _acknowledge_by(self, due: float) -> None:
        self.ack_at = due if self.ack_at is None else min(self.ack_at, due)
