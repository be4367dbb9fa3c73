"""A node as its page sees it, and what the page asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image

    from node.call.observers import Observers
    from node.call.stats import CallStats
    from node.vision.people.narrator import Sight
    from node.vision.types import Prompt
    from node.web.chat_texts import LineChannel
    from node.web.page_floor import HeldFloor


class SaidIdentity(Protocol):
    """Who is before the camera, as said in words (see `node.vision.people.identity.Identity`)."""

    @property
    def text(self) -> str:
        """What was said last; "" if nothing was."""

    @property
    def understood(self) -> str:
        """How it is read, in words."""

    def change(self, text: str) -> list[str]:
        """Read another text from now on; return a line for each part that is not understood. In any thread."""


class ObservedNode(Protocol):
    """A node that a page shows (see `node.call.node.Node`)."""

    name: str
    observers: Observers
    id: str

    @property
    def broker_is_up(self) -> bool: ...

    @property
    def muted(self) -> bool: ...

    @property
    def floor(self) -> HeldFloor | None:
        """The floor, if it is asked for before anything is said."""

    @property
    def chat(self) -> LineChannel: ...

    @property
    def identity(self) -> SaidIdentity: ...

    @property
    def sight(self) -> Sight | None:
        """What the camera shows, if it is a real one; None of drawings, and until that is known."""

    def toggle_mute(self) -> None: ...

    def link(self, peer: str) -> str: ...

    def route(self, peer: str) -> str: ...

    def count(self) -> CallStats: ...

    def delay_ms(self) -> float | None: ...

    def peers(self) -> list[str]: ...

    def queues(self) -> dict[str, int]: ...

    async def preview(self, prompt: Prompt) -> Image.Image:
        """Paint a picture of the node's own as the peers see it; it gives way to all other pictures.

        Raises NodeError if no generator is loaded here, or if this picture gets no painting.
        """
