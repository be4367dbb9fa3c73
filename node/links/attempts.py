"""What is known of an attempt at a speech link: how far it came, and which addresses there are."""

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
