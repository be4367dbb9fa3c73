"""Has the system itself drop what strangers send to the port of the speech, once it is so much that it would stand in
the way of the speech: a datagram that Python never reads costs nothing.

Without a flood nothing changes: a peer may send from an address that was unknown before.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

Address = tuple[str, int]

# From others than the peer. A peer that checks all ways to us sends some dozens; more than this is meant to hurt, and
# so few take a hundredth of a slow processor.
MOST_STRANGE = 300
WITHIN_S = 1.0


class PortGuard:
    """Counts what comes to one socket from elsewhere than `peer()` says, which is None as long as no peer is connected.

    `transport` is asyncio's, or anything that is none and has no socket.
    """

    def __init__(
        self, transport: Any, peer: Callable[[], Address | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport, self._peer, self._clock = transport, peer, clock
        self._strange, self._since = 0, clock()
        self._closed_to: Address | None = None

    def admits(self, address: Any) -> bool:
        """Note where a datagram comes from; False if it is one of a flood, and nothing is to be done about it."""
        peer = self._peer()
        if peer is None or address[:2] == peer:
            return True
        now = self._clock()
        if now - self._since > WITHIN_S:
            self._strange, self._since = 0, now
        self._strange += 1
        if self._strange <= MOST_STRANGE:
            return True
        if self._closed_to != peer:
            self._close_to_all_but(peer)
        return False

    def _close_to_all_but(self, peer: Address) -> None:
        """Connect the socket, so that the system gives us what comes from the peer, and nothing else.

        Where it cannot (a socket whose address cannot reach the peer) the flood is at least not looked into.
        """
        self._closed_to = peer
        socket = self._transport.get_extra_info("socket")
        if socket is None:
            return
        logger.info("strangers flood a port of the speech: the system drops what is not the peer's")
        with contextlib.suppress(OSError), socket.dup() as same:
            same.connect(peer)
