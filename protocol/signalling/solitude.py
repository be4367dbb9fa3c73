"""Hellos of a node that has met nobody: said again, for the first may have gone by one that came at the same time.

A broker that keeps no hello for newcomers, or a cluster whose nodes learn of a subscription a moment late, hands a
hello only to those who were there before it.
"""

from __future__ import annotations

__all__ = ["ALONE_AGAIN_S", "Solitude"]

# Seconds after the first hello. What goes by once does so within moments of a subscription; a room in which nobody has
# answered after these is taken for empty, and the next who comes says hello anyway.
ALONE_AGAIN_S = (2.0, 6.0)


class Solitude:
    """When a node that is alone says hello again."""

    def __init__(self) -> None:
        self._due: list[float] = []

    def begin(self, now: float) -> None:
        """Note that the node says hello, and knows nobody."""
        self._due = [now + after for after in ALONE_AGAIN_S]

    def end(self) -> None:
        """Note that the node has met a peer."""
        self._due = []

    def deadline(self) -> float | None:
        """Return when to call `overdue`, or None."""
        return self._due[0] if self._due else None

    def overdue(self, now: float) -> bool:
        """Tell whether it is time for another hello."""
        is_due = bool(self._due) and self._due[0] <= now
        self._due = [at for at in self._due if at > now]
        return is_due
