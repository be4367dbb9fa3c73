"""What the other members claim of the floor, as far as one member knows: see `protocol.signalling.floor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocol.ration import Ration

__all__ = ["LEASE_S", "FloorClaim", "FloorMember", "OtherClaims"]

# Silence of a holder that has gone: one of its words may be lost, and all is over within three seconds.
LEASE_S = 2.2
# Words of one member that are looked at: what honest ones say, by two ways.
WORDS_AT_ONCE, WORD_EVERY_S = 30, 0.1


@dataclass(slots=True)
class FloorClaim:
    """A claim on the floor: granted, or `held`; it counts `until` then."""

    number: int
    rank: int
    held: bool
    until: float


@dataclass(slots=True)
class FloorMember:
    """One other member. Claims up to the number `ended` are over; one that was `silent` is not waited for."""

    words: Ration
    ended: int = -1
    claim: FloorClaim | None = None
    silent: bool = False

    def end(self, number: int) -> None:
        """Note that the claims up to this number are over."""
        self.ended = max(self.ended, number)
        if self.claim is not None and self.claim.number <= self.ended:
            self.claim = None

    def take(self, number: int, rank: int, held: bool, now: float) -> None:
        """Note a claim that this member may have, or holds."""
        self.end(number - 1)
        self.claim = FloorClaim(number, rank, held, now + LEASE_S)

    @property
    def holds(self) -> bool:
        """Whether it has the floor, as far as is known."""
        return self.claim is not None and self.claim.held


class OtherClaims:
    """The other members of a room that know the floor, by node id, and their claims."""

    def __init__(self) -> None:
        self._members: dict[str, FloorMember] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def joined(self, peer: str) -> None:
        """Take in a member, or its new session."""
        self._members[peer] = FloorMember(Ration(WORDS_AT_ONCE, WORD_EVERY_S))

    def left(self, peer: str) -> None:
        """Forget a member that has gone, and what it held."""
        self._members.pop(peer, None)

    def get(self, peer: str) -> FloorMember | None:
        """Return a member, if it is known."""
        return self._members.get(peer)

    def claim(self, peer: str) -> FloorClaim:
        """Return the claim of a member that has one."""
        claim = self._members[peer].claim
        assert claim is not None
        return claim

    def deadlines(self) -> list[float]:
        """Return when each claim runs out."""
        return [member.claim.until for member in self._members.values() if member.claim is not None]

    def expire(self, now: float) -> None:
        """Drop the claims that ran out: nobody waits for these members until they are heard of."""
        for member in self._members.values():
            if member.claim is not None and member.claim.until <= now:
                member.claim, member.silent = None, True

    def answering(self) -> set[str]:
        """Return the members that answer, as far as is known."""
        return {peer for peer, member in self._members.items() if not member.silent}

    def fell_silent(self, peers: set[str]) -> None:
        """Wait for these members no more until they are heard of."""
        for peer in peers:
            self._members[peer].silent = True

    def holders(self, besides: str = "") -> list[str]:
        """Return the members that have the floor: one, but for words that are still on their way."""
        return [peer for peer, member in self._members.items() if peer != besides and member.holds]

    def best(self, besides: str = "") -> str | None:
        """Return the member whose claim comes first: one that holds, then the smallest rank."""
        claims = {peer: member.claim for peer, member in self._members.items() if peer != besides}
        order = {peer: (not claim.held, claim.rank, peer) for peer, claim in claims.items() if claim is not None}
        return min(order, key=lambda peer: order[peer], default=None)
