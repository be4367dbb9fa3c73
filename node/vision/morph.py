"""Morphs a peer's picture into its next: a few pictures in between, so that the screen moves instead of jumping.

Nothing waits for a morph: the new picture is painted and stored before it begins, it may be cancelled at any moment,
and a machine that paints too slowly has none.
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

# From the old picture to the new: long enough to be seen, short beside the seconds that a scene stays.
MORPH_S = 1.0

# Paints for a peer what is between two pictures, at a share from 0 to 1.
Between = Callable[[str, Prompt, Prompt, float], Awaitable["Image.Image"]]

# Shows the current picture of a peer.
Screen = Callable[[str, "Image.Image"], Awaitable[None]]


@dataclass
class _Transition:
    """A morph to a picture that is painted already, and when its next step is due."""

    before: Prompt
    after: Prompt
    image: Image.Image
    began: float
    due: float


@dataclass
class Morph:
    """Morphs the pictures of each peer, `fps` steps a second; with 0 steps every picture is shown at once."""

    fps: float
    between: Between
    screen: Screen
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _shown: dict[str, Prompt] = field(default_factory=dict)
    _transitions: dict[str, _Transition] = field(default_factory=dict)

    async def begin(self, peer: str, after: Prompt, image: Image.Image, painting_s: float) -> None:
        """Begin to morph into the peer's new picture, painted in `painting_s`; show it if there is no morph."""
        before = self._shown.get(peer)
        self._shown[peer] = after
        self._transitions.pop(peer, None)
        if before is not None and before != after and painting_s * self.fps < 1 <= self.fps * MORPH_S:
            now = self.clock()
            self._transitions[peer] = _Transition(before, after, image, now, now + 1 / self.fps)
        else:
            await self.screen(peer, image)

    def forget(self, peer: str) -> None:
        """Drop the pictures of a peer that left."""
        self._shown.pop(peer, None)
        self._transitions.pop(peer, None)

    async def run(self) -> None:
        """Show steps until every peer's new picture is shown. Cancelled, it may be run again and goes on."""
        while self._transitions:
            peer, transition = min(self._transitions.items(), key=lambda item: item[1].due)
            await self.sleep(max(0.0, transition.due - self.clock()))
            await self._step(peer, transition)

    async def _step(self, peer: str, transition: _Transition) -> None:
        share = (self.clock() - transition.began) / MORPH_S
        image = await self._painted(peer, transition, share) if share < 1 else None
        transition.due = max(transition.due + 1 / self.fps, self.clock())
        if self._transitions.get(peer) is not transition:  # the peer left meanwhile
            return
        if image is None:
            del self._transitions[peer]
        await self.screen(peer, image or transition.image)

    async def _painted(self, peer: str, transition: _Transition, share: float) -> Image.Image | None:
        """Return the picture in between; None, which ends the morph, if it cannot be painted."""
        try:
            return await self.between(peer, transition.before, transition.after, share)
        except NodeError:
            return None
