"""How many offers of a peer are looked at: a flood of them must not hold up the calls with others."""

from __future__ import annotations

import math

__all__ = ["OFFER_BURST", "OFFER_EVERY_S", "OfferRation"]

# A peer that offers again and again has us make and end connections, or repeat an answer, each time: so many at once,
# then one in so many seconds, which is as often as an offer is sent again.
OFFER_BURST = 5
OFFER_EVERY_S = 2.0


class OfferRation:
    """What a peer may still offer."""

    def __init__(self) -> None:
        self._paid_until = -math.inf

    def take(self, now: float) -> bool:
        """Tell whether to look at another offer now, and count it."""
        if now < self._paid_until - (OFFER_BURST - 1) * OFFER_EVERY_S:
            return False
        self._paid_until = max(self._paid_until, now) + OFFER_EVERY_S
        return True
