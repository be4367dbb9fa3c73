"""Retained pictures that did not come are asked for, and our own is published again for those who lack it.

Some brokers keep what is retained on one node of their cluster, or serve none of it to a new subscriber. A hello says
that its sender `shows`; a node that has none of its pictures soon after names that session under `lacks` in its own.
"""

from __future__ import annotations

import math

from protocol.signalling.liveness import PeerSession

__all__ = ["AGAIN_EVERY_S", "ASK_AFTER_S", "PictureRequests"]

# A subscription, and the retained picture that answers it, take two trips through the broker. Asked sooner, a slow link
# would carry pictures twice; later, a newcomer would see nothing for longer. Again after twice as long, for the last
# time after four times: a peer that gives none by then has none for us.
ASK_AFTER_S = 2.0
ASKS = 3
# Pictures that others ask for go to everybody. Whoever asks is subscribed, and has what was published since: one in
# this time is enough for all...
AGAIN_EVERY_S = 2.0
# ...and so many at once, for a room that gathers; then one in so many seconds, however often members ask.
AGAIN_BURST = 8
AGAIN_RATE_S = 10.0


class PictureRequests:
    """Which pictures this node lacks, and how often it gives its own again."""

    def __init__(self) -> None:
        self._due: dict[PeerSession, tuple[float, int]] = {}
        self._lacking: set[PeerSession] = set()
        self._again_at = -math.inf
        self._paid_until = -math.inf

    def expect(self, peer: PeerSession, now: float) -> None:
        """Expect a retained picture of a session that shows."""
        self._due[peer] = (now + ASK_AFTER_S, 0)

    def came(self, node: str) -> None:
        """Ask no more for pictures of a node: one came, or the node is gone."""
        for peer in [peer for peer in self._due.keys() | self._lacking if peer[0] == node]:
            self._due.pop(peer, None)
            self._lacking.discard(peer)

    def deadline(self) -> float | None:
        """Return when to call `overdue`, or None."""
        return min((at for at, _ in self._due.values()), default=None)

    def overdue(self, now: float) -> bool:
        """Ask for what did not come by now; tell whether a hello has to say so."""
        due = [peer for peer, (at, _) in self._due.items() if at <= now]
        for peer in due:
            _, asks = self._due.pop(peer)
            self._lacking.add(peer)
            if asks + 1 < ASKS:
                self._due[peer] = (now + ASK_AFTER_S * 2 ** (asks + 1), asks + 1)
        return bool(due)

    def take_lacking(self) -> tuple[int, ...]:
        """Return the sessions of which the next hello asks a picture, each once for each time that it is due."""
        lacking, self._lacking = self._lacking, set()
        return tuple(sorted(session for _, session in lacking))

    def may_give(self, now: float) -> bool:
        """Tell whether our picture is to be published again for a peer that asks, and count it."""
        if now < self._again_at or now < self._paid_until - (AGAIN_BURST - 1) * AGAIN_RATE_S:
            return False
        self._again_at = now + AGAIN_EVERY_S
        self._paid_until = max(self._paid_until, now) + AGAIN_RATE_S
        return True
