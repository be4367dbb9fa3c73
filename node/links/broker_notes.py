"""What the user hears of a broker that was there: that it is gone, and that it is back.

A broker that lets us in and ends the connection a moment later, time and again, would be gone and back at each try.
It is called what it is, in one line, and the next line comes when a connection has lasted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from node.links.mqtt import STABLE_S

if TYPE_CHECKING:
    from protocol.signalling import Hello

# Connections in a row that ended sooner than STABLE_S: a broker that restarts, and once more, is none of those.
MOST_SHORT = 2


class BrokerNotes:
    """Lines for `note` about one broker, which they call `name`. All is called in the running event loop."""

    def __init__(self, note: Callable[[str], None], name: str = "the broker") -> None:
        self._note, self._name = note, name
        self._began: float | None = None
        self._short = 0
        self._timer: asyncio.TimerHandle | None = None

    def up(self) -> bool:
        """Take a connection that is up; return whether there was one before."""
        loop, is_first = asyncio.get_running_loop(), self._began is None
        self._began = loop.time()
        if self._short > MOST_SHORT:
            self._timer = loop.call_later(STABLE_S, self._is_back)
        elif not is_first:
            self._note(f"{self._name} is back")
        return not is_first

    def down(self, reason: str, consequence: str) -> None:
        """Take the end of a connection that was up, why it ended, and what that means for the call."""
        self.close()
        lasted = self._began is not None and asyncio.get_running_loop().time() - self._began >= STABLE_S
        self._short = 0 if lasted else self._short + 1
        if self._short <= MOST_SHORT:
            self._note(f"{self._name} is gone ({reason}); {consequence}")
        elif self._short == MOST_SHORT + 1:
            self._note(f"{self._name} ends each connection soon ({reason}); {consequence}; trying again now and then")

    def close(self) -> None:
        """Say nothing more by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_back(self) -> None:
        self._timer, self._short = None, 0
        self._note(f"{self._name} is back")


def what_waits(hellos: Mapping[str, Hello], waits: Callable[[str], bool]) -> str:
    """Return what the loss of our broker means; `waits` tells with which of the peers speech waits for it."""
    waiting = [hello.name or peer for peer, hello in hellos.items() if waits(peer)]
    speech = f"and so does the speech with {', '.join(waiting)}" if waiting else "speech goes on"
    return f"pictures and text wait for it, {speech}"
