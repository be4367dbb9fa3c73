"""The way from a peer's picture to its next: a few pictures in between, so that the screen moves instead of jumping.

Nothing waits for a morph: the new picture is painted and kept before it begins, whoever drives it may cancel it at any
moment, and a machine that paints too slowly has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.vision.types import Prompt
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

MORPH_S = 1.0  # from the old picture to the new: long enough to be seen, short beside the seconds that a scene stays

Between = Callable[[str, Prompt, Prompt, float], Awaitable["Image.Image"]]
"""Paints for a peer what lies between two pictures, at a share from 0 to 1."""

Screen = Callable[[str, "Image.Image"], Awaitable[None]]
"""Shows what is to be seen of a peer now."""


@dataclass
class _Move:
    """On the way to a picture that is painted already; the next step is due at a time."""

    before: Prompt
    after: Prompt
    image: Image.Image
    began: float
    due: float


@dataclass
class Morph:
    """Moves every peer's screen, ``fps`` steps a second; 0 steps: every picture is shown at once."""

    fps: float
    between: Between
    screen: Screen
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _shown: dict[str, Prompt] = field(default_factory=dict)
    _moves: dict[str, _Move] = field(default_factory=dict)

    async def begin(self, peer: str, after: Prompt, image: Image.Image, painting_s: float) -> None:
        """The peer has a new picture, which took this long to paint. Shows it if there is no way to it."""
        before = self._shown.get(peer)
        self._shown[peer] = after
        self._moves.pop(peer, None)
        if before is not None and before != after and painting_s * self.fps < 1 <= self.fps * MORPH_S:
            now = self.clock()
            self._moves[peer] = _Move(before, after, image, now, now + 1 / self.fps)
        else:
            await self.screen(peer, image)

    def forget(self, peer: str) -> None:
        """The peer left."""
        self._shown.pop(peer, None)
        self._moves.pop(peer, None)

    async def run(self) -> None:
        """Moves until every peer's picture is there. Cancelled, it may be run again and goes on."""
        while self._moves:
            peer, move = min(self._moves.items(), key=lambda item: item[1].due)
            await self.sleep(max(0.0, move.due - self.clock()))
            await self._step(peer, move)

    async def _step(self, peer: str, move: _Move) -> None:
        share = (self.clock() - move.began) / MORPH_S
        image = await self._painted(peer, move, share) if share < 1 else None
        move.due = max(move.due + 1 / self.fps, self.clock())
        if self._moves.get(peer) is not move:  # the peer left meanwhile
            return
        if image is None:
            del self._moves[peer]
        await self.screen(peer, image or move.image)

    async def _painted(self, peer: str, move: _Move, share: float) -> Image.Image | None:
        """The picture in between; None, which ends the morph, if it cannot be painted."""
        try:
            return await self.between(peer, move.before, move.after, share)
        except NodeError:
            return None
