"""A full room: the sessions that wait for a place beside us, and whether we found a place ourselves."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from protocol.signalling.liveness import MAX_STRANGERS, PeerSession
from protocol.signalling.peer_call import PeerCall
from protocol.signalling.states import State

__all__ = ["MAX_PEERS", "REFUSALS", "REFUSED_AFTER_S", "REFUSED_WITHIN_S", "Refusals", "WaitingLine", "first_crashed"]

# Eight people in all. In a mesh every node sends its speech to each of the others, seven times 10 kbit/s.
MAX_PEERS = 7
# A node that finds no place at so many peers leaves. Two that come at once for the last place may be seen in either
# order, and one of them is turned away by most.
REFUSALS = MAX_PEERS // 2 + 1
# A node in a call was taken in, whatever others claim: full is believed only after so long without a call...
REFUSED_AFTER_S = 20.0
# ...and by a node that makes no call, for want of speech or as the broker carries it, so long after it joined: that is
# what the slowest broker takes.
REFUSED_WITHIN_S = 30.0
# A peer whose last will came has crashed if nothing of its media came for so long.
MEDIA_FRESH_S = 5.0


def first_crashed(calls: Iterable[PeerCall], now: float) -> PeerCall | None:
    """Return the call with a peer whose last will came, and that gave no proof since, and no media; None if none is."""
    unseen = (call for call in calls if call.state is State.UNSEEN)
    return next((call for call in unseen if call.media_at <= now - MEDIA_FRESH_S), None)


class WaitingLine:
    """Sessions for which there is no place, in the order in which they came, and which of them know that."""

    def __init__(self) -> None:
        self._informed: dict[PeerSession, bool] = {}

    def __len__(self) -> int:
        return len(self._informed)

    def add(self, peer: PeerSession) -> None:
        """Append a session, unless it waits already; the longest wait of too many ends."""
        self._informed.setdefault(peer, False)
        if len(self._informed) > MAX_STRANGERS:
            del self._informed[next(iter(self._informed))]

    def remove(self, peer: PeerSession) -> bool:
        """Take a session out; tell whether it waited."""
        return self._informed.pop(peer, None) is not None

    def pop_first(self) -> PeerSession:
        """Take out the session that waits longest. There must be one."""
        first = next(iter(self._informed))
        del self._informed[first]
        return first

    def pop_uninformed(self) -> list[PeerSession]:
        """Return those that are to be informed that the room is full, each once; they keep waiting."""
        peers = [peer for peer, informed in self._informed.items() if not informed]
        self._informed.update(dict.fromkeys(peers, True))
        return peers


class Refusals:
    """Which peers have no place for us, and whether that means that the room is full.

    Any member can have many identities, so refusals are believed only while nothing shows that we were taken in.
    """

    def __init__(self) -> None:
        self._refused_by: set[str] = set()
        self._concluded = False
        self._joined_at = self._in_call_until = -math.inf

    def joined(self, now: float) -> None:
        """Note that we came."""
        self._joined_at = now

    def in_call(self) -> None:
        """Note that a call is up, which lasts until `room_is_full` sees that none is."""
        self._in_call_until = math.inf

    def refused(self, peer: str) -> None:
        """Note that a peer has no place for us."""
        self._refused_by.add(peer)

    def accepted(self, peer: str) -> None:
        """Note that a peer signals to us after all."""
        self._refused_by.discard(peer)

    def room_is_full(self, calls: Collection[PeerCall], now: float) -> bool:
        """Tell, once, that most refuse us and nothing shows that we were taken in; `calls` are those with all peers."""
        if any(call.is_up for call in calls):
            return False
        self._in_call_until = min(self._in_call_until, now)
        if self._concluded or sum(call.peer in self._refused_by for call in calls) < REFUSALS:
            return False
        expects_calls = any(call.has_speech and call.wanted for call in calls)
        if expects_calls:
            self._concluded = now >= self._in_call_until + REFUSED_AFTER_S
        else:
            # Who was in a call was taken in, though the broker carries its speech now that others came.
            never = self._in_call_until == -math.inf
            self._concluded = never and now <= self._joined_at + REFUSED_WITHIN_S
        return self._concluded
