"""The buffer between the event loop and a sink's device: as deep as this machine's wake-ups need, and no deeper."""

from __future__ import annotations

import math

from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE

BLOCK_MS = BLOCK_SAMPLES * 1000 / SAMPLE_RATE

# Blocks that a device holds at first: 80 ms, so that a wake-up may be 60 ms late without an underrun. On shared
# machines a process was seen to wait 50 ms for a core.
DEVICE_BLOCKS = 4

# The same where little delay is wanted.
SHALLOW_BLOCKS = 2

# A node that sends packets of at most this length is meant to have little delay.
SHORT_PACKET_MS = 60

# 160 ms. Where a process waits longer for a core (with a budget of half of one it can wait 50 to 90 ms), no depth at
# which people can still converse is enough.
DEEPEST_BLOCKS = 8

# 15 s without need make the buffer a block shallower: a machine that was busy for a moment costs delay for as long.
SHALLOWER_AFTER_BLOCKS = 750

# So many blocks must have been left at the worst moment for one to be given up: then one is left still.
SPARE_BLOCKS = 2


def blocks_for(packet_ms: float) -> int:
    """Return the depth to begin with, in blocks, for a node that sends packets of this length."""
    return SHALLOW_BLOCKS if packet_ms <= SHORT_PACKET_MS else DEVICE_BLOCKS


class BufferDepth:
    """The depth of a playback buffer in blocks: begins at `blocks`, and grows each time that the buffer ran dry.

    It shrinks again, down to where it began, after a time in which enough was always left.
    """

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self._first = blocks
        self._least_left = math.inf
        self._played = 0

    def ran_dry(self, missing: float) -> None:
        """Grow after an underrun in which `missing` more blocks would have been played."""
        deepest = max(DEEPEST_BLOCKS, self._first)
        self.blocks = min(self.blocks + max(1, math.ceil(missing)), deepest)
        self._restart()

    def left(self, blocks: float) -> None:
        """Count a block that was played while so many were left, and shrink if that was always enough."""
        self._least_left = min(self._least_left, blocks)
        self._played += 1
        if self._played < SHALLOWER_AFTER_BLOCKS:
            return
        if self._least_left >= SPARE_BLOCKS and self.blocks > self._first:
            self.blocks -= 1
        self._restart()

    def _restart(self) -> None:
        self._least_left, self._played = math.inf, 0
