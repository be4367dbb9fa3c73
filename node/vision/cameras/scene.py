"""The procedural camera: a seeded story that the project draws itself, the world of the embedded models."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image

from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.vision.scenes import Story

SEEDS = 10_000
"""How many seeds "scene" chooses from: enough that two callers rarely see the same story, and short to type."""


class SceneCamera:
    """Sees `Story(seed)` from its first moment on; an empty seed chooses one (`name` tells which)."""

    def __init__(self, seed: str, clock: Callable[[], float]) -> None:
        from node.vision.scenes import Story

        number = secrets.randbelow(SEEDS) if not seed else _number(seed)
        self.name = f"scene:{number}"
        self._story: Story = Story(number)
        self._clock = clock
        self._start = clock()

    async def snapshot(self) -> Image.Image:
        """The scene as it stands now."""
        return await asyncio.to_thread(self._story.image, self._clock() - self._start)

    async def close(self) -> None:
        """Nothing is held."""


def _number(seed: str) -> int:
    if seed.isascii() and seed.isdigit():
        return int(seed)
    raise NodeError(f"the camera 'scene:{seed}' has no seed that is a whole number: try scene:7")
