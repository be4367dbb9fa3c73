"""Chooses the seed of each picture that is sent: one for as long as the scene stays, so that a change keeps the rest.

Of a person it is a seed whose noise means that person's likeness: skin, place and size then stay over the whole call.
Of anything else it is drawn at random. Where the sender may paint for itself, it is the best of a few: the one whose
painting keeps most of the words, as the captioner reads it, and then most of the likeness.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.vision.image_metrics import difference, words_kept
from node.vision.likeness import SettledLikeness
from node.vision.scenes.grammar import attributes_of
from node.vision.seed_table import ONE_BYTE, distance, nearest_seeds
from node.vision.types import Prompt
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.scenes import Variation

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

# Returns what a painting shows: its words, and the likeness of a person.
Look = Callable[["Image.Image"], Awaitable[tuple[str, "Variation | None"]]]


def draw_seeds(count: int) -> list[int]:
    """Return seeds at random, all different, of one byte on the wire."""
    return random.SystemRandom().sample(range(ONE_BYTE), count)


@dataclass(frozen=True, slots=True)
class Easel:
    """What the sender paints with and looks at its paintings by."""

    paint: Callable[[Prompt], Awaitable[Image.Image]]
    look: Look


@dataclass
class SeedChooser:
    """Chooses the seed of each picture that is sent. `tries` is at most ONE_BYTE; 1 paints nothing here.

    A scene whose tries could not be judged in time (the generator was being loaded) is tried again at its next picture.
    """

    tries: int = 1
    easel: Easel | None = None
    draw: Draw = draw_seeds
    _likeness: SettledLikeness = field(default_factory=SettledLikeness)
    _wanted: Variation | None = None
    _seed: int = 0
    _judged: bool = False
    _before: tuple[str, Image.Image] | None = None

    def notice(self, likeness: Variation | None) -> None:
        """Take the likeness of the person in a snapshot, None if it shows none; for every snapshot, sent or not."""
        self._likeness.notice(likeness)

    async def choose(self, words: str, snapshot: Image.Image, look: bytes) -> int:
        """Return the seed for these words of the snapshot noticed last, after at most TRIES_S."""
        another = await self._is_another(words, snapshot)
        if another:
            self._likeness.restart()
        wanted = self._likeness.settled()
        if another or wanted != self._wanted or not self._judged:
            await self._choose_again(words, wanted, look)
        self._before, self._wanted = (words, snapshot), wanted
        return self._seed

    async def _is_another(self, words: str, snapshot: Image.Image) -> bool:
        if self._before is None:
            return True
        before, seen = self._before
        if words_kept(before, words) >= SAME_SCENE_WORDS:
            return False
        return await asyncio.to_thread(difference, seen, snapshot) > SAME_SCENE_LEVELS

    async def _choose_again(self, words: str, wanted: Variation | None, look: bytes) -> None:
        candidates = self.draw(self.tries)
        if wanted is not None:
            # The first time this draws a table of noise.
            candidates = await asyncio.to_thread(nearest_seeds, wanted, self.tries)
        self._seed, self._judged = candidates[0], self.tries == 1 or self.easel is None
        if self._judged or self.easel is None:
            return
        best: tuple[float, float] | None = None
        with contextlib.suppress(TimeoutError, NodeError):
            async with asyncio.timeout(TRIES_S):
                for seed in candidates:
                    shown, likeness = await self.easel.look(await self.easel.paint(Prompt(words, seed, look)))
                    self._judged = True
                    lost = 1 - kept(words, shown), distance(wanted, likeness)
                    if best is None or lost < best:
                        self._seed, best = seed, lost


def kept(words: str, shown: str) -> float:
    """Return the share of a caption that the words of its painting keep, 0 to 1: of its attributes, if it has any."""
    wanted, read = attributes_of(words), attributes_of(shown)
    if not wanted:
        return words_kept(words, shown)
    return sum(read.get(name) == value for name, value in wanted.items()) / len(wanted)
