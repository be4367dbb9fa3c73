"""Chooses the seed of each picture that is sent: one for as long as the scene stays, so that a change keeps the rest.

Where the sender may paint for itself, a new scene's seed is the best of a few: the one whose picture comes closest to
the snapshot.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.vision.image_metrics import difference, words_kept
from node.vision.types import Prompt
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

# msgpack keeps numbers below this in one byte.
SMALL_SEEDS = 128

# How long a picture may wait for its tries: those that are done by then count.
TRIES_S = 2.0

# A scene is another one when it shares fewer words with the last, and differs by more levels. In drawn stories one
# change of an attribute keeps 0.75 of the words and differs by up to 109 levels (night falls); of two scenes drawn at
# random 98.5 % are told apart, and none differs by less than 40 levels. A captioner that only words the same view
# differently fails the second condition.
SAME_SCENE_WORDS = 0.6
SAME_SCENE_LEVELS = 30.0

# Returns so many different seeds.
Draw = Callable[[int], Sequence[int]]


def draw_seeds(count: int) -> list[int]:
    """Return seeds at random, all different."""
    return random.SystemRandom().sample(range(SMALL_SEEDS), count)


@dataclass
class SeedChooser:
    """Chooses the seed of each picture that is sent. `tries` is at most SMALL_SEEDS; 1 paints nothing here.

    A scene whose tries could not be judged in time (the generator was being loaded) is tried again at its next picture.
    """

    tries: int = 1
    paint: Callable[[Prompt], Awaitable[Image.Image]] | None = None
    draw: Draw = draw_seeds
    _seed: int = 0
    _judged: bool = False
    _before: tuple[str, Image.Image] | None = None

    async def choose(self, words: str, snapshot: Image.Image, look: bytes) -> int:
        """Return the seed for these words, after at most TRIES_S."""
        if not self._judged or await self._is_another(words, snapshot):
            await self._choose_again(words, snapshot, look)
        self._before = words, snapshot
        return self._seed

    async def _is_another(self, words: str, snapshot: Image.Image) -> bool:
        if self._before is None:
            return True
        before, seen = self._before
        if words_kept(before, words) >= SAME_SCENE_WORDS:
            return False
        return await asyncio.to_thread(difference, seen, snapshot) > SAME_SCENE_LEVELS

    async def _choose_again(self, words: str, snapshot: Image.Image, look: bytes) -> None:
        candidates = self.draw(self.tries)
        self._seed, self._judged = candidates[0], self.tries == 1 or self.paint is None
        if self._judged or self.paint is None:
            return
        least = math.inf
        with contextlib.suppress(TimeoutError, NodeError):
            async with asyncio.timeout(TRIES_S):
                for seed in candidates:
                    gap = await asyncio.to_thread(difference, await self.paint(Prompt(words, seed, look)), snapshot)
                    self._judged = True
                    if gap < least:
                        self._seed, least = seed, gap
