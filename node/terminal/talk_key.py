"""The key by which one talks in a terminal, which says when a key is pressed, and again and again while it is held.

So it works both ways: pressed once it asks for the floor, pressed again it gives it back; and held, it gives it back
soon after it is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# A key that is held comes again after this at the latest: 660 ms in X11, less elsewhere.
REPEATS_AFTER_S = 0.75
# Then it comes some thirty times a second.
LET_GO_AFTER_S = 0.3


class TalkKey:
    """Calls `ask` and `release` as the key says; `is_on` tells whether the floor is this node's, or asked for."""

    def __init__(
        self,
        ask: Callable[[], object],
        release: Callable[[], object],
        is_on: Callable[[], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._ask, self._release, self._is_on, self._loop = ask, release, is_on, loop
        self._pressed_at = float("-inf")
        self._repeats = 0
        self._timer: asyncio.TimerHandle | None = None

    def press(self) -> None:
        """Take the key, as the terminal sends it."""
        now = self._loop.time()
        since, self._pressed_at = now - self._pressed_at, now
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if since < REPEATS_AFTER_S:
            self._repeats += 1
            wait_s = LET_GO_AFTER_S if self._repeats > 1 else REPEATS_AFTER_S
            self._timer = self._loop.call_later(wait_s, self._let_go)
            return
        self._repeats = 0
        (self._release if self._is_on() else self._ask)()

    def _let_go(self) -> None:
        self._timer = None
        self._release()
