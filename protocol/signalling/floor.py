"""Who has the floor of a room in which members ask before they speak: agreed on among them, without a server.

A member that wants to speak makes a claim, numbered in its session, with a random rank, and asks every other one. It
has the floor once all have granted it, or after `CLAIM_S`: who has not answered by then is not there, or cannot be
heard by it. Of two that ask at once, the smaller rank wins, and the other withdraws; who has the floor is asked in
vain. The holder says every second that it holds; from a holder of whom nothing is heard, the floor falls back after
`LEASE_S`. Should two hold it, because words were lost, the smaller rank keeps it as soon as either hears of the other,
or a third member of both. That is Ricart and Agrawala's algorithm with leases. Sans-I/O; time comes in as `now`.
"""

from __future__ import annotations

import math
import random
from enum import Enum

from protocol.signalling.floor_claims import LEASE_S, FloorClaim, FloorMember, OtherClaims
from protocol.signalling.floor_words import RANK_BITS, FloorWord, Word

__all__ = ["ASK_AGAIN_S", "CLAIM_S", "LEASE_S", "WARN_S", "Floor", "FloorEvent"]

# Between two times that the same is asked: an answer takes less on most ways, and one in ten words may be lost.
ASK_AGAIN_S = 0.3
# Who has not answered five times cannot be heard; nobody waits longer for the floor.
CLAIM_S = 1.5
# Between two words of the holder, and between two while it speaks, which says the same to those who hear it.
RENEW_S, SPEAKING_RENEW_S = 1.0, 5.0
# The holder learns so long before that its time is over.
WARN_S = 5.0
# The end of a claim is said again once, so soon: a loss would leave the floor taken for a lease.
REPEAT_S = 0.2


class FloorEvent(Enum):
    """What became of the floor; each comes with the member that it is about, or "" if that is this node or nobody."""

    GRANTED = "granted"  # this node has it
    REFUSED = "refused"  # this node asked, and that member has it or asked at the same time
    TAKEN = "taken"  # that member has it now
    FREE = "free"  # nobody has it any more
    LOST = "lost"  # this node had it at the same time as that member, which keeps it
    WARNED = "warned"  # the time of this node is over soon
    OVER = "over"  # the time of this node is over
    GIVEN = "given"  # this node gave it back


class Floor:
    """One member's view of the floor. `limit_s` is how long this node may hold it at a time.

    Call `handle_timer` at `get_timer()`; drain `words()` and `events()` after each call of any method.
    """

    def __init__(self, node: str, limit_s: float = math.inf, rng: random.Random | None = None) -> None:
        self._node, self._limit_s, self._rng = node, limit_s, rng or random.SystemRandom()
        self._others = OtherClaims()
        self._claim: FloorClaim | None = None
        self._number = 0
        self._granted: set[str] = set()
        self._began = self._objection_due = self._word_due = self._word_due_speaking = 0.0
        self._warned = False
        self._repeat: tuple[float, int] | None = None
        self._shown = ""
        self._words: list[tuple[str, FloorWord]] = []
        self._events: list[tuple[FloorEvent, str]] = []

    @property
    def holds(self) -> bool:
        """Whether this node has the floor."""
        return self._claim is not None and self._claim.held

    @property
    def asks(self) -> bool:
        """Whether this node has asked for the floor and waits for it."""
        return self._claim is not None and not self._claim.held

    @property
    def holder(self) -> str:
        """The node that has the floor, as far as this one knows; "" if none has it."""
        return self._node if self.holds else self._shown

    # -- who is here

    def joined(self, peer: str) -> None:
        """Take in a member that knows the floor, or its new session."""
        self._others.joined(peer)
        if self._claim is not None:
            self._say_claim(peer)

    def left(self, peer: str, now: float) -> None:
        """Forget a member that has gone, and what it held."""
        self._others.left(peer)
        self._settle(now)

    def heard(self, peer: str, now: float) -> None:
        """Note that speech of a member came: it goes on having the floor, or learns that this node has it."""
        if (member := self._others.get(peer)) is None:
            return
        member.silent = False
        if member.claim is not None and member.holds:
            member.claim.until = now + LEASE_S
        if self.holds and self._objection_due <= now:
            self._objection_due = now + RENEW_S
            self._say_claim(peer)

    def spoke(self, now: float) -> None:
        """Note that speech of this node went to all who listen."""
        if self.holds:
            self._word_due = max(self._word_due, min(now + RENEW_S, self._word_due_speaking))

    # -- what the person at this node wants

    def ask(self, now: float) -> None:
        """Ask for the floor, unless this node has it or waits for it already."""
        if self._claim is not None:
            return
        self._settle(now)
        if (other := self._others.best()) is not None:
            self._events.append((FloorEvent.REFUSED, other))
            return
        self._number += 1
        self._claim = FloorClaim(self._number, self._rng.getrandbits(RANK_BITS), held=False, until=math.inf)
        self._granted.clear()
        self._began, self._word_due, self._repeat = now, now + ASK_AGAIN_S, None
        self._say_claim(*self._others)
        self._settle(now)

    def release(self, now: float) -> None:
        """Give the floor back, or ask for it no more."""
        if self._claim is not None:
            if self.holds:
                self._events.append((FloorEvent.GIVEN, ""))
            self._end_claim(now)
            self._settle(now)

    # -- what the others say

    def receive(self, peer: str, word: FloorWord, now: float) -> None:
        """Take a word of a member; one of somebody else, or more than anybody has to say, changes nothing."""
        member = self._others.get(peer)
        if member is None or not member.words.take(now):
            return
        member.silent = False
        self._others.expire(now)
        match word.word:
            case Word.ASK if word.number > member.ended:
                self._asked(peer, member, word, now)
            case Word.HOLD if word.number > member.ended:
                self._held(peer, member, word, now)
            case Word.FREE:
                member.end(word.number)
            case Word.GRANT if self.asks and word.number == self._number:
                self._granted.add(peer)
            case Word.BUSY if self._claim is not None and word.number == self._number and word.holder != self._node:
                self._yield_to(word.holder if self._others.get(word.holder) is not None else "", now)
        self._settle(now)

    def _asked(self, peer: str, member: FloorMember, word: FloorWord, now: float) -> None:
        if member.holds and self._others.claim(peer).number == word.number:
            return  # an old word: it has the floor by now
        if self._claim is not None:
            if self.holds or self._own_order < (word.rank, peer):
                self._say_claim(peer)
                return
            self._yield_to(peer, now)
        elif (other := self._others.best(besides=peer)) is not None:
            claim = self._others.claim(other)
            if claim.held:
                self._words.append((peer, FloorWord(Word.BUSY, word.number, holder=other)))
                return
            if (claim.rank, other) < (word.rank, peer):
                return  # the two decide it among them
        member.take(word.number, word.rank, held=False, now=now)
        self._words.append((peer, FloorWord(Word.GRANT, word.number)))

    def _held(self, peer: str, member: FloorMember, word: FloorWord, now: float) -> None:
        member.take(word.number, word.rank, held=True, now=now)
        if self.asks or (self.holds and self._own_order > (word.rank, peer)):
            self._yield_to(peer, now)
        elif self.holds:
            self._say_claim(peer)
        else:
            self._part(peer)

    def _part(self, peer: str) -> None:
        """Have one of two members withdraw that hold the floor at once, and may not hear each other."""
        for other in self._others.holders(besides=peer):
            first, second = sorted((peer, other), key=lambda name: (self._others.claim(name).rank, name))
            self._words.append((second, FloorWord(Word.BUSY, self._others.claim(second).number, holder=first)))

    def _yield_to(self, peer: str, now: float) -> None:
        event = FloorEvent.LOST if self.holds else FloorEvent.REFUSED
        self._end_claim(now)
        self._events.append((event, peer))

    # -- time

    def get_timer(self) -> float | None:
        """Return when `handle_timer` is due, or None."""
        due = self._others.deadlines()
        if self._repeat is not None:
            due.append(self._repeat[0])
        if self._claim is not None:
            due += [self._word_due, self._ends_at if self._warned or self.asks else self._ends_at - WARN_S]
        return min((at for at in due if at < math.inf), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due: ask again, renew, end a claim whose time is over, forget holders that are silent."""
        if self._repeat is not None and self._repeat[0] <= now:
            self._say_free(self._repeat[1])
            self._repeat = None
        if self._claim is not None and self._word_due <= now:
            self._say_claim(*self._others)
            self._word_due = now + (RENEW_S if self.holds else ASK_AGAIN_S)
            self._word_due_speaking = now + SPEAKING_RENEW_S
        if self.holds and self._ends_at <= now:
            self._end_claim(now)
            self._events.append((FloorEvent.OVER, ""))
        elif self.holds and not self._warned and self._ends_at - WARN_S <= now:
            self._warned = True
            self._events.append((FloorEvent.WARNED, ""))
        self._settle(now)

    @property
    def _ends_at(self) -> float:
        return self._began + (self._limit_s if self.holds else CLAIM_S)

    # -- what follows

    def words(self) -> list[tuple[str, FloorWord]]:
        """Return what to say, and to which member, since the last call."""
        words, self._words = self._words, []
        return words

    def events(self) -> list[tuple[FloorEvent, str]]:
        """Return what happened since the last call, each with its member."""
        events, self._events = self._events, []
        return events

    def _settle(self, now: float) -> None:
        """Take the floor if it is granted, drop claims that ran out, and say who has it if that changed."""
        self._others.expire(now)
        if self.asks:
            missing = self._others.answering() - self._granted
            if not missing or now >= self._ends_at:
                self._others.fell_silent(missing)
                self._begin(now)
        best = self._others.best()
        shown = best if best in self._others.holders() and best is not None and not self.holds else ""
        if shown != self._shown:
            self._shown = shown
            if not self.holds:
                self._events.append((FloorEvent.TAKEN if shown else FloorEvent.FREE, shown))

    def _begin(self, now: float) -> None:
        assert self._claim is not None
        self._claim.held, self._began, self._warned = True, now, False
        self._word_due = self._word_due_speaking = now + RENEW_S  # again soon: the first one may be lost
        self._events.append((FloorEvent.GRANTED, ""))
        self._say_claim(*self._others)

    def _end_claim(self, now: float) -> None:
        self._claim = None
        self._repeat = (now + REPEAT_S, self._number)
        self._say_free(self._number)

    def _say_claim(self, *peers: str) -> None:
        assert self._claim is not None
        word = FloorWord(Word.HOLD if self._claim.held else Word.ASK, self._claim.number, self._claim.rank)
        self._words += [(peer, word) for peer in peers]

    def _say_free(self, number: int) -> None:
        self._words += [(peer, FloorWord(Word.FREE, number)) for peer in self._others]

    @property
    def _own_order(self) -> tuple[int, str]:
        assert self._claim is not None
        return self._claim.rank, self._node
