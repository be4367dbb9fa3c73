"""Picture models that need no training and answer at once."""

from __future__ import annotations

import zlib

from PIL import Image

from node.vision.types import Prompt, SeenPicture
from protocol.errors import NodeError


class FakeModels:
    """Captions and paints at once: the words follow from the picture's bytes, the picture from words and seed."""

    WHO = ("a man", "a woman", "a cat", "a dog")
    WHERE = ("on a bench", "in a kitchen", "by the sea", "in a garden", "at a desk")

    def __init__(self) -> None:
        self.captioned: list[str] = []
        self.painted: list[tuple[str, int]] = []

    async def see(self, image: Image.Image, client: str = "", painted: bool = False) -> SeenPicture:
        return SeenPicture(await self.caption(image, client))

    async def caption(self, image: Image.Image, client: str = "", painted: bool = False) -> str:
        number = zlib.crc32(image.tobytes())
        words = f"{self.WHO[number % len(self.WHO)]} {self.WHERE[number % len(self.WHERE)]} number {number % 1000}"
        self.captioned.append(words)
        return words

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image:
        self.painted.append((text, seed))
        number = zlib.crc32(f"{seed} {text}".encode())
        return Image.new("RGB", (16, 16), (number & 255, number >> 8 & 255, number >> 16 & 255))

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image:
        ends = [await self.paint(prompt.text, prompt.seed) for prompt in (before, after)]
        return Image.blend(*ends, share)


class FakeWorker(FakeModels):
    """The same as the process that they live in: a context, whose models are ready at once or fail to load."""

    def __init__(self, failure: str = "") -> None:
        super().__init__()
        self._failure = failure
        self.open = False

    async def __aenter__(self) -> FakeWorker:
        self.open = True
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.open = False

    async def ready(self) -> None:
        if self._failure:
            raise NodeError(self._failure)
