"""A chat joined in memory: a broker that loses, delays, repeats and shuffles, and that is away at times."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from agenda import Agenda, Timed

from protocol.captions.tokens import to_utf8
from protocol.chat import LineArrived, LineDelivery, Wording
from protocol.chat.lines import UTF8

READS = frozenset((UTF8,))


def worded(text: str) -> Wording:
    return Wording({UTF8: to_utf8(text)[0]})


@dataclass
class Member:
    name: str
    delivery: LineDelivery
    read: list[tuple[str, str]] = field(default_factory=list)  # author and text
    posted: list[bytes] = field(default_factory=list)

    def of(self, author: str) -> list[str]:
        return [text for one, text in self.read if one == author]


class ChatRoom(Agenda):
    """Members, a broker between them, and the time."""

    def __init__(self, seed: int = 0, loss: float = 0.0, repeats: float = 0.0, delay_s: float = 0.02) -> None:
        super().__init__()
        self.members: dict[str, Member] = {}
        self.loss, self.repeats, self.delay_s, self.shuffle_s = loss, repeats, delay_s, 0.0
        self.is_up = True
        self._rng = random.Random(seed)

    def join(self, name: str, session: int = 1, reads: frozenset[int] = READS) -> Member:
        member = Member(name, LineDelivery(name, name.upper(), self.now))
        for other in self.members.values():
            other.delivery.joined(name, session, reads, self.now)
            member.delivery.joined(other.name, 1, READS, self.now)
            self.drain(other)
        self.members[name] = member
        self.drain(member)
        return member

    def leave(self, name: str) -> None:
        del self.members[name]
        for other in self.members.values():
            other.delivery.left(name)
            self.drain(other)

    def part(self, one: str, other: str) -> None:
        """The two take each other for gone."""
        self.members[one].delivery.left(other)
        self.members[other].delivery.left(one)

    def meet(self, one: str, other: str) -> None:
        self.members[one].delivery.joined(other, 1, READS, self.now)
        self.members[other].delivery.joined(one, 1, READS, self.now)
        self.drain(self.members[one])
        self.drain(self.members[other])

    def say(self, name: str, *texts: str) -> None:
        for text in texts:
            self.members[name].delivery.say(worded(text), self.now)
            self.drain(self.members[name])

    def broker_dies(self) -> None:
        """What is on the way is lost."""
        self.is_up = False
        self.forget_all()
        for member in self.members.values():
            member.delivery.broker_lost()
            self.drain(member)

    def broker_returns(self, after_s: float = 1.0) -> None:
        """Everybody is back within so long."""
        self.is_up = True
        for member in self.members.values():
            self.later(self._rng.random() * after_s, lambda one=member: self._return(one))  # type: ignore[misc]

    def timed(self) -> Iterator[tuple[Timed, Callable[[], None]]]:
        for member in self.members.values():
            yield member.delivery, partial(self.drain, member)

    def drain(self, member: Member) -> None:
        for event in member.delivery.events():
            if isinstance(event, LineArrived):
                line = event.line
                text = line.coded.decode()
                if member.delivery.remember(line, line.name or line.author.upper(), worded(text)):
                    member.read.append((line.author, text))
        for frame in member.delivery.outgoing():
            member.posted.append(frame)
            self._publish(member.name, frame)

    def _return(self, member: Member) -> None:
        member.delivery.broker_returned(self.now)
        self.drain(member)

    def _publish(self, sender: str, frame: bytes) -> None:
        for member in list(self.members.values()):
            if member.name == sender or not self.is_up or self._rng.random() < self.loss:
                continue
            for _ in range(1 + (self._rng.random() < self.repeats)):
                late = self.delay_s + self._rng.random() * self.shuffle_s
                self.later(late, lambda one=member: self._deliver(one, sender, frame))  # type: ignore[misc]

    def _deliver(self, member: Member, sender: str, frame: bytes) -> None:
        if self.members.get(member.name) is member:
            member.delivery.receive(sender, frame, self.now)
            self.drain(member)
