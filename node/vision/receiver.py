"""Paints the pictures of the peers from their captions.

A picture that is received while another one is being painted replaces an earlier one that waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from node.common.peer_faults import PeerFaults
from node.links.peer_events import PeerEvents
from node.vision.job_queue import LatestOfEach
from node.vision.look_transfer import NO_LOOK
from node.vision.types import PaintedPicture, Prompt
from protocol import frames, look, portrait
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.morph import Morph
    from node.vision.stats import PicturesIn

logger = logging.getLogger(__name__)

# Stores or shows a picture that was painted.
Show = Callable[["PaintedPicture"], Awaitable[None]]


class PictureReceiver(PeerEvents):
    """Paints the newest picture of each peer, one at a time; while none waits, the screen may morph.

    `painted` and then `show`, if there is one, get each picture that was painted.
    """

    def __init__(
        self,
        paint: Callable[[str, Prompt], Awaitable[Image.Image]],
        show: Show | None,
        counts: PicturesIn,
        *,
        clock: Callable[[], float],
        note: Callable[[str], None],
        painted: Callable[[PaintedPicture], None] = lambda picture: None,
        morph: Morph | None = None,
        faults: PeerFaults | None = None,
    ) -> None:
        self.faults = faults or PeerFaults(logger.warning)
        self._paint_picture, self._show, self._painted = paint, show, painted
        self._counts, self._clock, self._note, self._morph = counts, clock, note, morph
        self._queue = LatestOfEach[tuple[frames.Picture, str]]()

    @property
    def waiting(self) -> int:
        """How many peers' pictures wait to be painted."""
        return len(self._queue)

    def receive(self, peer: str, picture: frames.Picture, caption: str) -> None:
        """Queue a peer's picture, whose words are these; newer ones replace it until its turn comes."""
        self._queue.put(peer, (picture, caption))

    def left(self, peer: str) -> None:
        """Forget the peer's pictures."""
        self._queue.discard(peer)
        if self._morph is not None:
            self._morph.forget(peer)

    async def run(self) -> None:
        """Paint until cancelled, the peer that has waited longest first."""
        while True:
            while self._queue:
                peer, (picture, caption) = self._queue.take()
                with self.faults.contained(peer, "a picture"):
                    await self._paint(peer, picture, caption)
            await self._morph_until_next()

    async def _morph_until_next(self) -> None:
        async with asyncio.TaskGroup() as group:
            morphing = group.create_task(self._run_morph(), name="morph")
            await self._queue.wait()
            morphing.cancel()

    async def _run_morph(self) -> None:
        if self._morph is None:
            return
        try:
            with self.faults.contained("", "the way to a picture"):
                await self._morph.run()
        except NodeError as error:
            self._note(str(error))

    async def _paint(self, peer: str, frame: frames.Picture, caption: str) -> None:
        prompt = Prompt(caption, frame.seed, _readable(frame.look))
        began = self._clock()
        try:
            image = await self._paint_picture(peer, prompt)
            painting_s = self._clock() - began
            painted = PaintedPicture(peer, frame.sequence, caption, frame.seed, image, prompt.look)
            self._count(caption)
            self._painted(painted)
            if self._show is not None:
                await self._show(painted)
            if self._morph is not None:
                await self._morph.begin(peer, prompt, image, painting_s)
        except NodeError as error:
            self._note(str(error))

    def _count(self, caption: str) -> None:
        self._counts.painted += 1
        self._counts.last_caption = caption
        if self._counts.first_painted_at is None:
            self._counts.first_painted_at = self._clock()


def _readable(coded: bytes) -> bytes:
    """Return the look, if this version knows one of that length; the words are enough without."""
    return coded if len(coded) in look.SIZES or len(coded) in portrait.SIZES else NO_LOOK
