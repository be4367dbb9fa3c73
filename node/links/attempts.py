"""What is known of an attempt at a speech link: how far it came, which addresses there are, and what keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.links import ice_hooks
from protocol.signalling.states import State

if TYPE_CHECKING:
    from node.links.peers import Peers

# aioice's own, and what `node.links.ice_gathering` offers where a machine has nothing else.
_LOOPBACK = ("127.", "::1")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a link with one peer, as it stands.

    `ours` and `theirs` are how many addresses each side named, `ours_are_local` says that all of ours are of loopback
    and not all of theirs; `heard_at` is when a datagram came last over it, and `path` whether ICE has found one.
    """

    state: State
    up: bool = False
    ours: int = 0
    theirs: int = 0
    ours_are_local: bool = False
    heard_at: float | None = None
    path: bool = False

    @property
    def is_under_way(self) -> bool:
        """Whether both descriptions are there, so that media may come up."""
        return self.state in (State.ANSWERED, State.CONNECTING)


def attempt_with(peers: Peers, peer: str) -> Attempt:
    """Return how far the present attempt at a link with a peer came."""
    state, link = peers.room.state(peer), peers.link_to(peer)
    if link is None:
        return Attempt(state)
    ours, theirs, path = ice_hooks.candidates(link.connection)
    return Attempt(
        state,
        up=peers.is_up(peer),
        ours=len(ours),
        theirs=len(theirs),
        ours_are_local=all(map(_is_local, ours)) and not all(map(_is_local, theirs)),
        heard_at=link.heard_at,
        path=path,
    )


def _is_local(host: str) -> bool:
    return host.startswith(_LOOPBACK)


def cause_of(attempt: Attempt) -> str | None:
    """Return what keeps an attempt at a link from coming up, without any name; None if it does not show that."""
    match attempt.state:
        case State.PREPARING_OFFER | State.PREPARING_ANSWER:
            return "our own addresses are still being looked for"
        case State.OFFERED:
            return "the peer does not answer our call, which goes through the broker"
        case State.WAITING:
            return "the peer has not called yet"
        case State.IDLE:
            return "the peer ended the call"
        case State.ANSWERED | State.CONNECTING:
            return _cause_without_media(attempt)
    return None


def _cause_without_media(attempt: Attempt) -> str:
    if not attempt.ours:
        return "this machine has no address that media could go from"
    if attempt.ours_are_local:
        return "this machine has no network but itself"
    if not attempt.theirs:
        return "the peer named no address"
    if attempt.path:
        return "a path was found, but its encryption (DTLS) is not agreed yet"
    if attempt.heard_at is not None:
        return "no path was found: the peer's packets come here, and ours do not get there (UDP is blocked one way)"
    return "no path was found: nothing comes from the peer (UDP is blocked, or no side can be reached from outside)"
