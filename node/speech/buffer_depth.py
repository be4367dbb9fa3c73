"""How deep a sink's buffer is: as deep as this machine's wake-ups ask for, and no deeper."""

from __future__ import annotations

import math

DEEPEST_BLOCKS = 8
"""160 ms. Where a process waits longer for a core (a budget of half of one can make it wait 50 to 90 ms), no depth that
still lets people talk will do."""

SHALLOWER_AFTER_BLOCKS = 750
"""15 s without need make the buffer a block shallower: a machine that was busy for a moment costs delay for as long."""

SPARE_BLOCKS = 2
"""So many must have been left at the worst moment for one to be given up: then one is left still."""


class BufferDepth:
    """Counts in blocks. Begins at `blocks`; deeper after each time it ran dry, and shallower, down to where it began,
    once so much was always left that it will do."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self._first = blocks
        self._least_left = math.inf
        self._played = 0

    def ran_dry(self, missing: float) -> None:
        """The buffer was empty, and `missing` more blocks would have been played by then."""
        deepest = max(DEEPEST_BLOCKS, self._first)
        self.blocks = min(self.blocks + max(1, math.ceil(missing)), deepest)
        self._look_again()

    def left(self, blocks: float) -> None:
        """So many blocks were left when a block was asked for."""
        self._least_left = min(self._least_left, blocks)
        self._played += 1
        if self._played < SHALLOWER_AFTER_BLOCKS:
            return
        if self._least_left >= SPARE_BLOCKS and self.blocks > self._first:
            self.blocks -= 1
        self._look_again()

    def _look_again(self) -> None:
        self._least_left, self._played = math.inf, 0
