"""What a bad network does to packets: loses them, alone or in bursts, delays them, and lets some overtake others."""

from __future__ import annotations

import random
from dataclasses import dataclass

OVERTAKEN_S = 0.2  # a packet held back for this long is overtaken by one or two of 120 ms


@dataclass(frozen=True)
class Conditions:
    """Percent lost, in bursts of so many packets; ms of delay; percent held back. The rate (kbit/s) is tc's affair."""

    loss: float = 0.0
    burst: int = 1
    delay_ms: float = 0.0
    reorder: float = 0.0
    rate_kbps: float = 0.0
    no_udp: bool = False  # nothing but TCP passes, until the relay is told otherwise


class Impairment:
    """One direction of the network."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self._conditions = conditions
        self._rng = random.Random(seed)
        self._losing = 0

    def delay_s(self) -> float | None:
        """Return how long to hold the next packet back, or None if it is lost."""
        if self._loses():
            return None
        held_back = self._rng.random() < self._conditions.reorder / 100
        return self._conditions.delay_ms / 1000 + (OVERTAKEN_S if held_back else 0.0)

    def _loses(self) -> bool:
        """Bursts have exactly that many packets; the good runs between them are long enough to lose that share."""
        if not self._losing:
            share, burst = self._conditions.loss / 100, self._conditions.burst
            begins = share / (share + burst * (1 - share)) if share else 0.0
            self._losing = burst if self._rng.random() < begins else 0
        if self._losing:
            self._losing -= 1
            return True
        return False
