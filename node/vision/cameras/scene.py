"""The procedural camera: drawn scenes, the only pictures that the embedded models know."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from PIL import Image

from node.vision.scenes.changes import SceneSequence
from protocol.errors import NodeError

# How many seeds "scene" chooses from: enough that two callers rarely have the same, and short to type.
SEEDS = 10_000


class SceneCamera:
    """Shows `SceneSequence(seed)` from its start; an empty seed chooses one, which `name` contains."""

    def __init__(self, seed: str, clock: Callable[[], float]) -> None:
        number = secrets.randbelow(SEEDS) if not seed else _number(seed)
        self.name = f"scene:{number}"
        self._scenes = SceneSequence(number)
        self._clock = clock
        self._start = clock()

    async def snapshot(self) -> Image.Image:
        """Draw the scene of this moment."""
        return await asyncio.to_thread(self._scenes.image, self._clock() - self._start)

    async def close(self) -> None:
        """Do nothing: there is no device."""


def _number(seed: str) -> int:
    if seed.isascii() and seed.isdigit():
        return int(seed)
    raise NodeError(f"the camera 'scene:{seed}' has no seed that is a whole number: try scene:7")
