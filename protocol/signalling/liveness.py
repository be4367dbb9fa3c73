"""Who is alive: a hello shows it by an echo of a challenge that is younger than anything that could be played back.

Every node draws a challenge, says it in its hello, and echoes in its hello those of all whose hellos it has heard. A
hello that echoes our challenge was made after we drew it, by whoever holds the sender's session now. We draw a new one
whenever what was echoed so far should prove nothing any more: at the start, when somebody is gone, when the broker was
away, and when a presence was cleared. So neither a hello that a broker kept from before we came, nor one of a session
that has ended since, makes its sender count as being there.

Of whom a proof is wanted, the hello names the session under `asks`; who is asked answers with a hello. Sans-I/O.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from protocol.signalling.messages import Hello, Proof

__all__ = ["ASK_AGAIN_S", "DOUBT_S", "MAX_STRANGERS", "Handshake", "Who"]

# Sessions that said hello, have proved nothing and are asked: as many as a room has places. Only members make new ones,
# but whoever recorded old ones can play them back: they push out each other, not those who are here.
MAX_STRANGERS = 8
# An answer comes after two trips through the broker, some 2 s over a link of 20 kbit/s. Afterwards ask again...
ASK_AGAIN_S = 2.0
# ...so often in all; who is silent then is of the past.
ASKS = 4
# A presence that was cleared is a last will, or a trick of somebody without the secret. Who is here shows it by then,
# even if both his hello and ours have to wait for `HELLO_EVERY_S`.
DOUBT_S = 6.0
# Hellos that have a reason within so short a time are one: a newcomer hears from all of a room at once.
GATHER_S = 0.03
# What strangers make us say must not fill a narrow link: eight at once, then one (of 200 bytes) in two seconds.
HELLO_BURST = 8
HELLO_EVERY_S = 2.0

_CHALLENGE_BITS = 64

Who: TypeAlias = tuple[str, int]
"""A node and its session."""


@dataclass(slots=True)
class _Heard:
    """The newest hello of a session."""

    number: int
    challenge: int


@dataclass(slots=True)
class _Asked:
    """Somebody of whom a proof is wanted. He is asked until `again_at` (None: no more), and then again if `left`.

    `gone_at` is when somebody who was here counts as gone; a stranger has None.
    """

    again_at: float | None
    gone_at: float | None = None
    left: int = ASKS - 1


class Handshake:
    """The challenges of one node and of all it hears of. The room says whom it takes in, and whom it forgets."""

    def __init__(self, session: int, rng: random.Random) -> None:
        self._session, self._rng = session, rng
        self._challenge = rng.getrandbits(_CHALLENGE_BITS)
        self._number = 0
        self._heard: dict[Who, _Heard] = {}
        self._asked: dict[Who, _Asked] = {}
        self._due: float | None = None
        self._said_at: float | None = None
        self._echoed: frozenset[int] = frozenset()
        self._paid_until = 0.0

    def hear(self, who: Who, hello: Hello, now: float) -> bool | None:
        """Take a hello: whether it proves that its sender is alive; None if a newer one of the session was here."""
        proof, known = hello.proof, self._heard.get(who)
        if known is not None and proof.number < known.number:
            return None
        if known is None or proof.number > known.number:
            self._note(who, proof, now)
        if self._challenge in proof.echoes:
            self._asked.pop(who, None)
            return True
        return False

    def ask(self, who: Who, now: float) -> None:
        """Want a proof of a stranger, whose hello is not known to be of now. He is asked a few times for each hello."""
        if who not in self._asked:
            self._make_room_for_strangers()
            self._asked[who] = _Asked(now + ASK_AGAIN_S)
            self.hurry(now)

    def put_off(self, who: Who) -> None:
        """Echo somebody for whom there is no place, so that he may see that the room is full; ask him nothing."""
        if who not in self._asked:
            self._make_room_for_strangers()
            self._asked[who] = _Asked(again_at=None)

    def invite(self, who: Who, now: float) -> None:
        """There is a place for somebody who was put off: want a new proof, for he may be gone since."""
        self._asked.pop(who, None)
        self.renew(now)
        self.ask(who, now)

    def doubts(self, who: Who) -> bool:
        """Whether a new proof is wanted of somebody who is here."""
        asked = self._asked.get(who)
        return asked is not None and asked.gone_at is not None

    def doubt(self, who: Who, now: float) -> None:
        """Want a new proof of somebody who is here, within `DOUBT_S`. One that is wanted already is not put off."""
        asked = self._asked.get(who)
        if asked is None or asked.gone_at is None:
            self.roll_call([who], now, DOUBT_S)

    def roll_call(self, everyone: Iterable[Who], now: float, patience_s: float) -> None:
        """Want new proofs of all of these within this time."""
        for who in everyone:
            self._asked[who] = _Asked(now + ASK_AGAIN_S, now + patience_s)
        self.renew(now)

    def forget(self, who: Who, now: float) -> None:
        """Somebody is gone: what his session has said up to now proves nothing any more."""
        self._heard.pop(who, None)
        self._asked.pop(who, None)
        self.renew(now)

    def renew(self, now: float) -> None:
        """Draw a new challenge."""
        self._challenge = self._rng.getrandbits(_CHALLENGE_BITS)
        if self._asks():
            self.hurry(now)

    def hurry(self, now: float) -> None:
        """Say hello soon."""
        if self._due is None:
            self._due = max(now + GATHER_S, self._paid_until - (HELLO_BURST - 1) * HELLO_EVERY_S)

    @property
    def due(self) -> bool:
        """Whether there is a hello to be said, now or later."""
        return self._due is not None

    def deadline(self) -> float | None:
        """When `overdue` and `is_time` are to be asked, or None."""
        times = [self._due]
        for asked in self._asked.values():
            times += [asked.again_at, asked.gone_at]
        return min((time for time in times if time is not None), default=None)

    def is_time(self, now: float) -> bool:
        """Whether a hello is to be said now."""
        return self._due is not None and self._due <= now

    def overdue(self, now: float) -> list[Who]:
        """Ask again whom it is time to ask, and return those whose proof did not come in time."""
        gone = [who for who, asked in self._asked.items() if asked.gone_at is not None and asked.gone_at <= now]
        for who in gone:
            del self._asked[who]
        for asked in self._asked.values():
            if asked.again_at is not None and asked.again_at <= now:
                self._ask_again(asked, now)
        return gone

    def say(self, hello: Hello, oldest: tuple[int, int, int], now: float) -> Hello:
        """Return what to publish now: `hello` with our challenge, the echoes of others', and whom we ask."""
        self._number += 1
        self._due, self._said_at = None, now
        self._paid_until = max(self._paid_until, now) + HELLO_EVERY_S
        echoes = tuple(heard.challenge for heard in self._heard.values())
        self._echoed = frozenset(echoes)
        proof = Proof(self._number, self._challenge, echoes, tuple(self._asks()), oldest)
        return replace(hello, proof=proof)

    def last_words(self, hello: Hello) -> Hello:
        """Return the hello that says goodbye."""
        self._number += 1
        return replace(hello, proof=Proof(self._number, leaving=True))

    def _note(self, who: Who, proof: Proof, now: float) -> None:
        self._heard[who] = _Heard(proof.number, proof.challenge)
        if self._session in proof.asks and not self._has_just_answered(proof.challenge, now):
            self.hurry(now)
        asked = self._asked.get(who)
        if asked is not None and asked.gone_at is None and asked.again_at is None:
            del self._asked[who]  # he was silent long enough, and now spoke: he is asked anew

    def _ask_again(self, asked: _Asked, now: float) -> None:
        asked.again_at = now + ASK_AGAIN_S if asked.left else None
        if asked.left:
            asked.left -= 1
            self.hurry(now)

    def _has_just_answered(self, challenge: int, now: float) -> bool:
        """Our echo and the question crossed on the way."""
        return challenge in self._echoed and self._said_at is not None and now < self._said_at + ASK_AGAIN_S / 2

    def _asks(self) -> list[int]:
        return [session for (_, session), asked in self._asked.items() if asked.again_at is not None]

    def _strangers(self) -> Iterator[Who]:
        return (who for who, asked in self._asked.items() if asked.gone_at is None)

    def _make_room_for_strangers(self) -> None:
        strangers = list(self._strangers())
        if len(strangers) >= MAX_STRANGERS:
            del self._asked[strangers[0]]
            self._heard.pop(strangers[0], None)
