"""A peer that sends the captions that take longest to read, faster than anybody could mean it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from node.call.endpoints import Endpoints, Models, Rendezvous
from node.call.node import Node
from node.captions.coder import ThreadCoder, shipped_codecs
from node.speech.profiles import LEAN
from protocol import frames
from protocol.errors import NodeError
from protocol.topics import Letter

if TYPE_CHECKING:
    from PIL import Image

A_SECOND = 20.0
"""Pictures: ten times what a camera sends."""

MODELLED = 2
"""The caption codec with a model, whose captions take longest to read."""


class _Blind:
    """A camera that is never looked through: it makes the node one that sends pictures."""

    name = "none"

    async def snapshot(self) -> Image.Image:
        raise NodeError("this camera sees nothing")

    async def close(self) -> None:
        """Nothing is open."""


class HostilePeer(Node):
    """Is in the room of `place`, says nothing, and sends pictures of these captions, of codec 2, without end."""

    def __init__(self, place: Rendezvous, models: Models, captions: Sequence[bytes]) -> None:
        super().__init__("mallory", place, Endpoints(LEAN, models, ThreadCoder(shipped_codecs()), camera=_Blind()))
        self._captions = captions
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
            caption = self._captions[self.sent % len(self._captions)]
            picture = frames.Picture(self.sent, 0, MODELLED, caption, self.sent % 128)
            self._mailbox.post(Letter.PICTURE, frames.encode(picture), retain=True)
            await asyncio.sleep(1 / A_SECOND)
