"""How often a node asks its peer whether speech is still welcome (ICE consent, RFC 7675).

The RFC asks every 5 s and gives up after 30 s without an answer. Each question and its answer cost 210 bytes, each way:
0.33 kbit/s. On a link that answers, every 12 s is enough to keep within the 30 s; as soon as one answer is missing the
questions come as often as the RFC has them, and until four in a row were answered, so that a lossy link is given up no
sooner than before.
"""

from __future__ import annotations

import random

__all__ = ["EXPIRES_S", "PATIENCE_S", "RFC_PERIOD_S", "TRUSTED_PERIOD_S", "Consent"]

# Between questions on a link that answers.
TRUSTED_PERIOD_S = 12.0
# The RFC's own period; it allows no less than 4 s.
RFC_PERIOD_S = 5.0
EXPIRES_S = 30.0
# For an answer. aioice waits 0.5 s, which a queue before a slow link outlasts.
PATIENCE_S = 4.0
ANSWERS_FOR_TRUST = 4


class Consent:
    """When to ask next, and whether the last answer is too old. Times are on one clock, in seconds."""

    def __init__(self, now: float, rng: random.Random | None = None) -> None:
        self._confirmed = now
        self._answers = ANSWERS_FOR_TRUST
        self._rng = rng or random.Random()

    def wait_s(self, now: float, asked: float) -> float:
        """Return how long to wait at `now` when the last question was sent at `asked`: jittered as the RFC wants."""
        period = TRUSTED_PERIOD_S if self._answers >= ANSWERS_FOR_TRUST else RFC_PERIOD_S
        return max(0.0, asked + period * self._rng.uniform(0.8, 1.2) - now)

    def answered(self, now: float) -> None:
        """Take an answer."""
        self._confirmed = now
        self._answers += 1

    def missed(self) -> None:
        """Note that a question got no answer."""
        self._answers = 0

    def expired(self, now: float) -> bool:
        """Tell whether nothing may be sent any more."""
        return now - self._confirmed >= EXPIRES_S
