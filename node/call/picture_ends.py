"""The picture ends of a node, put together from its parts: what sends pictures, and what paints those of others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.endpoints import Endpoints, Models
from node.call.stats import CallStats
from node.common.peer_faults import PeerFaults
from node.vision.morph import Morph, Screen
from node.vision.seeds import SeedChooser
from node.vision.sender import PaintedPicture, PictureReceiver, PictureSender, Publish

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.types import Prompt


@dataclass(frozen=True, slots=True)
class NodeModels:
    """The models, as one node uses them: a newer request for a peer's pictures replaces an older one for the same."""

    models: Models
    node: str

    async def caption(self, image: Image.Image) -> str:
        """The words of our own picture."""
        return await self.models.caption(image, client=self.node)

    async def paint(self, peer: str, prompt: Prompt) -> Image.Image:
        """A peer's picture."""
        return await self.models.paint(prompt.text, prompt.seed, client=f"{self.node}<{peer}", look=prompt.look)

    async def paint_between(self, peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """What lies between two pictures of a peer."""
        return await self.models.paint_between(before, after, share, client=f"{self.node}<{peer}")

    async def try_out(self, prompt: Prompt) -> Image.Image:
        """What the others would see for these words: it gives way to all other pictures."""
        return await self.models.paint(
            prompt.text, prompt.seed, client=f"{self.node} tries", look=prompt.look, extra=True
        )


def sender(
    node: str,
    parts: Endpoints,
    tally: CallStats,
    publish: Publish,
    codec: Callable[[], int],
    clock: Callable[[], float],
    note: Callable[[str], None],
) -> PictureSender | None:
    """What sends the pictures of the node's camera; None without one."""
    if parts.camera is None:
        return None
    from node.vision.gate import Gate
    from node.vision.image_metrics import is_drawing

    models = NodeModels(parts.models, node)
    seeds = SeedChooser(parts.tries, models.try_out)
    made = PictureSender(
        *(parts.camera, Gate(), models.caption, publish, codec, tally.pictures_out, clock, note),
        coder=parts.captions,
        seeds=seeds,
        look_bytes=parts.look_bytes,
    )
    if parts.only_drawings:
        made.knows = is_drawing
    return made


def receiver(
    node: str,
    parts: Endpoints,
    tally: CallStats,
    show: Callable[[PaintedPicture], Awaitable[None]],
    screen: Screen | None,
    clock: Callable[[], float],
    note: Callable[[str], None],
    faults: PeerFaults,
) -> PictureReceiver | None:
    """What paints the pictures of the node's peers; None for a node that shows none."""
    if not parts.paints:
        return None
    models = NodeModels(parts.models, node)
    morph = None if screen is None else Morph(parts.morph_fps, models.paint_between, screen, clock)
    return PictureReceiver(models.paint, show, tally.pictures_in, clock, note, morph, faults)
