"""What the peers see of the node's own camera: its newest picture, painted here too, where that costs nobody else."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from node.call.observers import CallObserver
from node.vision.types import Prompt
from protocol import frames
from protocol.errors import NodeError, RemoteError

if TYPE_CHECKING:
    from node.captions.coder import Caption
    from node.web.fault_containment import Failures
    from node.web.observed_node import ObservedNode
    from node.web.state import PageState

# How often it is looked whether a page is open, and nothing else is to be painted. A busy node paints one picture in
# about that time.
LOOK_AGAIN_S = 0.5


class OwnPainting(CallObserver):
    """Paints the newest picture that the node sent, while a page is open and no peer's picture waits.

    Newer words replace older ones that had not their turn. Where no generator is loaded nothing is painted.
    """

    def __init__(self, node: ObservedNode, state: PageState, failures: Failures) -> None:
        self._node, self._state, self._failures = node, state, failures
        self._newest = 0
        self._next: tuple[int, Prompt] | None = None
        self._sent = asyncio.Event()

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        """Take the picture of this frame as the next one, unless it was sent before."""
        try:
            picture = frames.decode(frame)
        except RemoteError:
            return
        if caption is None or not isinstance(picture, frames.Picture) or picture.sequence <= self._newest:
            return
        self._newest = picture.sequence
        self._next = (picture.sequence, Prompt(caption.words, picture.seed, picture.look))
        self._sent.set()

    async def run(self) -> None:
        """Paint until cancelled."""
        while True:
            await self._sent.wait()
            if not self._may_paint():
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            self._sent.clear()
            with self._failures.contained(), contextlib.suppress(NodeError):  # no generator, or a newer picture
                await self._paint()

    def _may_paint(self) -> bool:
        return len(self._state.events) > 0 and not self._node.queues()["pictures"]

    async def _paint(self) -> None:
        if self._next is not None:
            (sequence, prompt), self._next = self._next, None
            image = await self._node.preview(prompt)
            self._state.painted_here(self._node.id, sequence, image)
