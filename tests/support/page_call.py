"""Calls with a page: nodes on loopback with chosen sources and cameras, a page each."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fake_models import FakeModels
from PIL import Image

from live_call import LOOPBACK, KeepingSink, Running, parts, place, running
from node.call.node import Node
from node.links.address import BrokerAddress
from node.speech.audio_io import Source
from node.speech.profiles import LEAN
from node.speech.sources import silent_source
from node.vision.cameras import Camera
from node.web.page import Page
from node.web.page_address import PageAddress
from node.web.server import serve

ANYWHERE = PageAddress(LOOPBACK, 0)


class ChangingCamera:
    """A camera whose picture is a plain colour that a test sets."""

    name = "changing"

    def __init__(self) -> None:
        self.colour = (200, 40, 40)

    async def snapshot(self) -> Image.Image:
        image = Image.new("RGB", (64, 64), self.colour)
        image.paste((255, 255, 255), (0, 0, 32, 32))
        return image

    async def close(self) -> None:
        pass


@dataclass
class Side:
    """One node of a call, its page and the page's URL, and the sink of its speech."""

    node: Node
    page: Page
    url: str
    sink: KeepingSink
    camera: Camera


def a_page(
    *, microphone: bool = False, camera: bool = False, address: PageAddress = ANYWHERE, kind: str = "call"
) -> Page:
    return Page(kind, address, LEAN, microphone=microphone, camera=camera)


def a_node(name: str, broker: BrokerAddress, page: Page, source: Source | None = None, room: str = "a test") -> Side:
    """Return a node whose microphone and camera are the page's if it has them, else `source` and a camera to be set."""
    sink, camera = KeepingSink(), page.camera or ChangingCamera()
    ends = parts(
        page.timed(FakeModels()),
        source=page.microphone or source or silent_source(),
        sink=sink,
        camera=camera,
        paints=True,
    )
    node = Node(name, place(broker, room), ends, screen=page.screen())
    return Side(node, page, "", sink, camera)


@contextlib.asynccontextmanager
async def served(*sides: Side) -> AsyncIterator[Running]:
    """Run the nodes and serve their pages."""
    async with contextlib.AsyncExitStack() as stack:
        for side in sides:
            side.page.watch(side.node)
            side.url = await stack.enter_async_context(serve(side.page))
        yield await stack.enter_async_context(running(*(side.node for side in sides)))
