"""How many messages of a peer are looked at: a flood of them must not hold up what others send."""

from __future__ import annotations

import math

__all__ = ["Ration"]


class Ration:
    """So many messages at once, and then one in `every_s` seconds."""

    def __init__(self, burst: int, every_s: float) -> None:
        self._spare_s, self._every_s = (burst - 1) * every_s, every_s
        self._paid_until = -math.inf

    def take(self, now: float) -> bool:
        """Tell whether to look at another message now, and count it."""
        if now < self._paid_until - self._spare_s:
            return False
        self._paid_until = max(self._paid_until, now) + self._every_s
        return True
