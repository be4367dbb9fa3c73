"""How long the models take, seen from the call: what it waits for, the queue included."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram

if TYPE_CHECKING:
    from PIL import Image

    from node.call.endpoints import Models
    from node.vision.types import Prompt

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Embedded models paint in tenths of a second, large ones in seconds, a processor alone in half a minute."""


def model_seconds(registry: CollectorRegistry) -> Histogram:
    """Return what counts the times."""
    return Histogram(
        "pictophone_model_seconds", "How long a model took.", ["model"], buckets=BUCKETS_S, registry=registry
    )


class TimedModels:
    """The models of a call, with a watch in hand."""

    def __init__(self, models: Models, seconds: Histogram, clock: Callable[[], float] = time.monotonic) -> None:
        self._models, self._seconds, self._clock = models, seconds, clock

    async def caption(self, image: Image.Image, client: str = "") -> str:
        """As the models do."""
        began = self._clock()
        words = await self._models.caption(image, client)
        self._seconds.labels("captioner").observe(self._clock() - began)
        return words

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image:
        """As the models do."""
        began = self._clock()
        image = await self._models.paint(text, seed, client, look, extra)
        self._seconds.labels("generator").observe(self._clock() - began)
        return image

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image:
        """As the models do."""
        return await self._models.paint_between(before, after, share, client)
