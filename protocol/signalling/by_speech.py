"""Members whose broker is gone and whose speech is not: those who still have it vouch for them in their hellos.

The broker clears the presence of such a member by its last will: without the others a newcomer would not know of it.
What one member says of another is shown, and decides nothing: no message of a node is opened for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from protocol.signalling.events import HereBySpeech
from protocol.signalling.news import MAX_BY_SPEECH

__all__ = ["MembersBySpeech"]


class MembersBySpeech:
    """The members of a room that are here by their speech alone, by node: our own peers, and those others vouch for."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._said: dict[str, tuple[tuple[str, str], ...]] = {}
        self._shown: dict[str, str] = {}
        self._published: frozenset[str] = frozenset()

    def said(self, peer: str, members: tuple[tuple[str, str], ...]) -> None:
        """Take what the newest hello of a peer that is here says; nothing once the peer is gone."""
        if members:
            self._said[peer] = members
        else:
            self._said.pop(peer, None)

    def publish(self, unseen: Mapping[str, str], for_all: bool) -> tuple[tuple[str, str], ...]:
        """Return for whom our hello vouches now: our `unseen` peers, by node and name.

        A hello that is not `for_all` leaves in force what the one before it said to the others.
        """
        self._published = frozenset(unseen) | (frozenset() if for_all else self._published)
        return tuple(unseen.items())[:MAX_BY_SPEECH]

    def is_outdated(self, peers: Iterable[str]) -> bool:
        """Tell whether a hello of ours still vouches for a member that is none of our peers any more."""
        return not self._published <= set(peers)

    def changes(self, unseen: Mapping[str, str], peers: Iterable[str]) -> list[HereBySpeech]:
        """Return what changed since the last call; `peers` are all that are here, those `unseen` among them."""
        known = {self._node, *peers}
        vouched = {node: name for members in self._said.values() for node, name in members if node not in known}
        now = dict(list(vouched.items())[:MAX_BY_SPEECH]) | dict(unseen)
        gone = [HereBySpeech(node, name, False) for node, name in self._shown.items() if now.get(node) != name]
        come = [HereBySpeech(node, name, True) for node, name in now.items() if self._shown.get(node) != name]
        self._shown = now
        return gone + come
