"""Which peers are alive: their hellos echo a challenge that is younger than anything that could be replayed.

Every node draws a challenge, puts it in its hello, and echoes in its hello those of all peers whose hellos came. A
hello that echoes our challenge was made after we drew it, by the present holder of the sender's session. We draw a new
one whenever what was echoed so far should prove nothing any more: at the start, when a peer is gone, when the broker
was away, and when a presence was cleared. So neither a hello that a broker retained from before we came, nor one of a
session that has ended since, makes its sender count as being there.

A hello names under `asks` the sessions from which a proof is wanted; a peer that is asked answers with a hello. One for
which a single session is the reason, as for most answers to a newcomer, goes to that alone; the next one to everybody.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from protocol.signalling.messages import Carries, Hello, Proof

__all__ = ["ASK_AGAIN_S", "DOUBT_S", "MAX_STRANGERS", "LivenessProofs", "PeerSession"]

# Sessions that said hello, have proved nothing and are asked: as many as a room has places. Only members make new ones,
# but an eavesdropper can replay old ones: they push out each other, not those who are here.
MAX_STRANGERS = 8
# An answer comes after two trips through the broker, some 2 s over a link of 20 kbit/s. Afterwards ask again...
ASK_AGAIN_S = 2.0
# ...so often in all; a session that is silent then is of the past.
ASKS = 4
# A presence that was cleared is a last will, or a trick without the secret. A peer that is here shows it by then, even
# if both its hello and ours have to wait for `HELLO_EVERY_S`.
DOUBT_S = 6.0
# Hellos that have a reason within so short a time are one: a newcomer hears from all of a room at once.
GATHER_S = 0.03
# Hellos that strangers cause must not fill a narrow link: eight at once, then one (of 200 bytes) in two seconds.
HELLO_BURST = 8
HELLO_EVERY_S = 2.0

_CHALLENGE_BITS = 64

# A node and its session.
PeerSession: TypeAlias = tuple[str, int]


@dataclass(slots=True)
class _Received:
    """The newest hello of a session; `takes_own` says that it takes hellos for it alone and was sent none."""

    number: int
    challenge: int
    takes_own: bool


@dataclass(slots=True)
class _Asked:
    """A session from which a proof is wanted: asked until `again_at` (None: no more), and then again if `left`.

    `gone_at` is when a peer that was here counts as gone; a stranger has None.
    """

    again_at: float | None
    gone_at: float | None = None
    left: int = ASKS - 1


class LivenessProofs:
    """The challenges of one node and of all that it knows of. The room decides which sessions it admits and forgets."""

    def __init__(self, session: int, rng: random.Random) -> None:
        self._session, self._rng = session, rng
        self._challenge = rng.getrandbits(_CHALLENGE_BITS)
        self._number = 0
        self._received: dict[PeerSession, _Received] = {}
        self._asked: dict[PeerSession, _Asked] = {}
        self._due: float | None = None
        self._due_for: PeerSession | None = None
        self._echoed: dict[int, float] = {}
        self._paid_until = 0.0

    @property
    def challenge(self) -> int:
        """Which a hello has to echo to prove that its sender is alive."""
        return self._challenge

    @property
    def remembered(self) -> int:
        """How many sessions' hellos are remembered."""
        return len(self._received)

    @property
    def asked(self) -> int:
        """From how many sessions a proof is wanted."""
        return len(self._asked)

    @property
    def strangers(self) -> int:
        """Of how many sessions it is not known yet whether they are here."""
        return sum(asked.gone_at is None and asked.again_at is not None for asked in self._asked.values())

    def receive(self, peer: PeerSession, hello: Hello, now: float) -> bool | None:
        """Take a hello: whether it proves that its sender is alive; None if a newer one of the session came before."""
        proof, known = hello.proof, self._received.get(peer)
        if known is not None and proof.number < known.number:
            return None
        is_news = known is None or proof.number > known.number
        if is_news:
            self._note(peer, hello, now)
        if self._challenge in proof.echoes:
            self._asked.pop(peer, None)
            return True
        if is_news and (asked := self._asked.get(peer)) is not None and asked.again_at is None:
            asked.left = ASKS  # a peer that is doubted was away while it was asked, and now it spoke
            self._ask_again(asked, now)
        return False

    def ask(self, peer: PeerSession, now: float) -> None:
        """Want a proof from a stranger, whose hello is not known to be of now: a few times for each hello."""
        if peer not in self._asked:
            self._make_room_for_strangers()
            self._asked[peer] = _Asked(now + ASK_AGAIN_S)
            self.schedule_hello(now, peer)

    def defer(self, peer: PeerSession) -> None:
        """Echo a session for which there is no place, so that it may see that the room is full; ask it nothing."""
        if peer not in self._asked:
            self._make_room_for_strangers()
            self._asked[peer] = _Asked(again_at=None)

    def invite(self, peer: PeerSession, now: float) -> None:
        """Want a new proof from a session that was deferred and now has a place, for it may be gone since."""
        self._asked.pop(peer, None)
        self.renew(now)
        self.ask(peer, now)

    def is_doubted(self, peer: PeerSession) -> bool:
        """Tell whether a new proof is wanted from a peer that is here."""
        asked = self._asked.get(peer)
        return asked is not None and asked.gone_at is not None

    def doubt(self, peer: PeerSession, now: float) -> None:
        """Want a new proof from a peer that is here, within `DOUBT_S`. One that is wanted already gets no longer."""
        asked = self._asked.get(peer)
        if asked is None or asked.gone_at is None:
            self._doubt([peer], now, DOUBT_S)

    def roll_call(self, everyone: Iterable[PeerSession], now: float, patience_s: float) -> None:
        """Want new proofs from all who are here within this time, and from strangers that were asked already.

        For as long as the broker was away they were asked in vain.
        """
        for peer in self._strangers():
            if self._asked[peer].left < ASKS - 1:
                self._asked[peer] = _Asked(now + ASK_AGAIN_S)
        self._doubt(everyone, now, patience_s)

    def _doubt(self, peers: Iterable[PeerSession], now: float, patience_s: float) -> None:
        for peer in peers:
            self._asked[peer] = _Asked(now + ASK_AGAIN_S, now + patience_s)
        self.renew(now)

    def forget(self, peer: PeerSession, now: float) -> None:
        """Forget a session that is gone: its hellos up to now prove nothing any more."""
        self._received.pop(peer, None)
        self._asked.pop(peer, None)
        self.renew(now)

    def renew(self, now: float) -> None:
        """Draw a new challenge."""
        self._challenge = self._rng.getrandbits(_CHALLENGE_BITS)
        if self._asks():
            self.schedule_hello(now)

    def schedule_hello(self, now: float, peer: PeerSession | None = None) -> None:
        """Have a hello published soon, for everybody or for this session."""
        if self._due is None:
            self._due = max(now + GATHER_S, self._paid_until - (HELLO_BURST - 1) * HELLO_EVERY_S)
            self._due_for = peer
        elif peer != self._due_for:
            self._due_for = None

    def addressee(self) -> PeerSession | None:
        """Return the session for which alone the hello is that is due; None: it is for everybody."""
        received = self._received.get(self._due_for) if self._due_for is not None else None
        return self._due_for if received is not None and received.takes_own else None

    @property
    def is_due(self) -> bool:
        """Whether there is a hello to publish, now or later."""
        return self._due is not None

    def deadline(self) -> float | None:
        """Return when to call `overdue` and `is_time`, or None."""
        times = [self._due]
        for asked in self._asked.values():
            times += [asked.again_at, asked.gone_at]
        return min((time for time in times if time is not None), default=None)

    def is_time(self, now: float) -> bool:
        """Tell whether to publish a hello now."""
        return self._due is not None and self._due <= now

    def overdue(self, now: float) -> list[PeerSession]:
        """Ask again where it is time to, and return the sessions whose proof did not come in time."""
        gone = [peer for peer, asked in self._asked.items() if asked.gone_at is not None and asked.gone_at <= now]
        for peer in gone:
            del self._asked[peer]
        for asked in self._asked.values():
            if asked.again_at is not None and asked.again_at <= now:
                self._ask_again(asked, now)
        return gone

    def next_hello(
        self, hello: Hello, oldest: tuple[int, ...], now: float, addressee: PeerSession | None = None
    ) -> Hello:
        """Return what to publish now: `hello` with our challenge, the echoes of others', and what we ask.

        For an `addressee` alone it has no more than concerns that.
        """
        self._number += 1
        self._due = self._due_for = None
        self._paid_until = max(self._paid_until, now) + HELLO_EVERY_S
        echoes, asks = tuple(hello.challenge for hello in self._received.values()), self._asks()
        if addressee is None:
            self._echoed.clear()
        else:
            received = self._received[addressee]
            received.takes_own = False
            echoes, asks = (received.challenge,), [session for session in asks if session == addressee[1]]
        self._echoed |= dict.fromkeys(echoes, now)
        return replace(hello, proof=Proof(self._number, self._challenge, echoes, tuple(asks), oldest))

    def goodbye(self, hello: Hello) -> Hello:
        """Return the hello that announces that we leave."""
        self._number += 1
        return replace(hello, proof=Proof(self._number, leaving=True))

    def _note(self, peer: PeerSession, hello: Hello, now: float) -> None:
        proof, known = hello.proof, self._received.get(peer)
        takes_own = Carries.ADDRESSED_HELLOS in hello.carries if known is None else known.takes_own
        self._received[peer] = _Received(proof.number, proof.challenge, takes_own)
        if self._session in proof.asks and not self._has_just_answered(proof.challenge, now):
            self.schedule_hello(now, peer)
        asked = self._asked.get(peer)
        if asked is not None and asked.gone_at is None and asked.again_at is None:
            del self._asked[peer]  # it was silent long enough, and is asked again now that it spoke

    def _ask_again(self, asked: _Asked, now: float) -> None:
        asked.again_at = now + ASK_AGAIN_S if asked.left else None
        if asked.left:
            asked.left -= 1
            self.schedule_hello(now)

    def _has_just_answered(self, challenge: int, now: float) -> bool:
        """Tell whether our echo and the question crossed on the way."""
        return now < self._echoed.get(challenge, -math.inf) + ASK_AGAIN_S / 2

    def _asks(self) -> list[int]:
        return [session for (_, session), asked in self._asked.items() if asked.again_at is not None]

    def _strangers(self) -> Iterator[PeerSession]:
        return (peer for peer, asked in self._asked.items() if asked.gone_at is None)

    def _make_room_for_strangers(self) -> None:
        strangers = list(self._strangers())
        if len(strangers) >= MAX_STRANGERS:
            del self._asked[strangers[0]]
            self._received.pop(strangers[0], None)
