"""A peer that sends the captions that take longest to read, faster than anybody could mean it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from node.call import Node
from node.parts import Models, Parts, Place
from node.speech.profiles import LEAN
from protocol import frames
from protocol.captions import registry
from protocol.errors import NodeError
from protocol.topics import Letter

if TYPE_CHECKING:
    from PIL import Image

A_SECOND = 20.0
"""Pictures: ten times what a camera sends."""

CANDIDATES = (" ".join(["cat"] * 299), " ".join(["CaT"] * 299), " ".join(["statesmanshipshaped"] * 150))
"""Words of which many go into few bytes: one step of the model each; letters whose case each says for itself; words
that no codebook has, spelled sign by sign in the likeliest signs."""


def worst_caption() -> bytes:
    """Return the coded candidate that takes longest to read here, and fits into a frame."""
    coded = [registry.encode(words, registry.newest()).data for words in CANDIDATES]
    return max((data for data in coded if len(data) <= frames.MAX_CAPTION_BYTES), key=reading_s)


def reading_s(data: bytes) -> float:
    """Return how many seconds of processor time it takes to read a caption of our newest codec."""
    began = time.process_time()
    registry.decode(registry.newest(), data)
    return time.process_time() - began


class _Blind:
    """A camera that is never looked through: it makes the node one that sends pictures."""

    name = "none"

    async def snapshot(self) -> Image.Image:
        raise NodeError("this camera sees nothing")

    async def close(self) -> None:
        """Nothing is open."""


class HostilePeer(Node):
    """Is in the room of `place`, says nothing, and sends pictures of the same `caption` without end."""

    def __init__(self, place: Place, models: Models, caption: bytes) -> None:
        super().__init__("mallory", place, Parts(LEAN, models, camera=_Blind()))
        self._worst = caption
        self.sent = 0

    def _background(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        for name, work in super()._background():
            if name == "camera":
                work.close()
            else:
                yield name, work
        yield "flood", self._flood()

    async def _flood(self) -> None:
        for self.sent in itertools.count(1):
            picture = frames.Picture(self.sent, 0, registry.newest(), self._worst, self.sent % 128)
            self._mailbox.post(Letter.PICTURE, frames.encode(picture), retain=True)
            await asyncio.sleep(1 / A_SECOND)
