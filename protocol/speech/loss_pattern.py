"""How losses are distributed, estimated from RTCP's receiver reports alone, and how far back copies must then reach.

A report counts losses and does not name the packets. But if packets are lost one by one, the counts of
reports scatter as those of coin tosses do, and if they are lost in bursts of B, about B times as much (the index of
dispersion). So the scatter shows the length of bursts, after some ten reports with losses in them.
"""

from __future__ import annotations

from collections import deque

__all__ = ["LossPattern"]

# So many reports are remembered: 40 to 100 s of reports that come every 2 to 5 s.
MAX_REPORTS = 20
# Fewer losses than this show no pattern.
MIN_LOST = 8
# So many are wanted before the nearer copy is trusted: the farther one serves as well, and a change is heard as haste.
MIN_LOST_NEAR = 24
# Bursts longer than the first want the farther copy; shorter than the second the nearer one will do again.
FAR_ABOVE, NEAR_BELOW = 1.9, 1.4


class LossPattern:
    """The pattern of a peer's losses, from its reports of the packets sent to it."""

    def __init__(self) -> None:
        self._reports: deque[tuple[int, int]] = deque(maxlen=MAX_REPORTS)
        self._distance: int | None = None

    def add(self, expected: int, lost: int) -> None:
        """Take a report: packets due since the one before, and how many of them were lost."""
        if expected <= 0:
            return
        self._reports.append((expected, min(max(lost, 0), expected)))
        burst = self.burst
        if burst is not None and burst > FAR_ABOVE:
            self._distance = 2
        elif burst is not None and burst < NEAR_BELOW and self._lost >= MIN_LOST_NEAR:
            self._distance = 1

    @property
    def share(self) -> float:
        """The share of all packets that is lost, 0 to 1."""
        expected = sum(expected for expected, _ in self._reports)
        return self._lost / expected if expected else 0.0

    @property
    def _lost(self) -> int:
        return sum(lost for _, lost in self._reports)

    @property
    def burst(self) -> float | None:
        """How many packets are lost in a row, about; None as long as there are too few to estimate it."""
        share, count = self.share, len(self._reports)
        if self._lost < MIN_LOST or count < 2 or share == 1:
            return None
        scatter = [(lost - n * share) ** 2 / (n * share * (1 - share)) for n, lost in self._reports]
        return max(1.0, sum(scatter) / (count - 1))

    @property
    def distance(self) -> int | None:
        """The redundancy to send with, 1 or 2 (see `protocol.speech.redundancy`), if any is worth its bytes.

        None until there were enough losses to estimate it.
        """
        return self._distance
