"""A page without a call, served on loopback, and a client that asks it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
from PIL import Image

from node.call.chat import checked_line
from node.call.observers import ChatLine, Observers
from node.call.stats import CallStats
from node.speech.profiles import LEAN
from node.vision.types import Prompt
from node.web.page import Page
from node.web.page_address import PageAddress
from node.web.page_floor import HeldFloor
from node.web.server import serve
from protocol.errors import NodeError

LOOPBACK = "127.0.0.1"


@dataclass
class Visitor:
    """A client of the page at `url`."""

    page: Page
    url: str
    http: aiohttp.ClientSession

    def ask(self, method: str, path: str, **what: object) -> aiohttp.client._RequestContextManager:
        return self.http.request(method, self.url + path.lstrip("/"), allow_redirects=False, **what)  # type: ignore[arg-type]

    async def status(self, method: str, path: str, **what: object) -> int:
        async with self.ask(method, path, **what) as answer:
            await answer.read()
            return answer.status


@contextlib.asynccontextmanager
async def visiting(page: Page) -> AsyncIterator[Visitor]:
    """Serve the page for a client with unlimited connections."""
    connector = aiohttp.TCPConnector(limit=0)
    async with serve(page) as link, aiohttp.ClientSession(connector=connector) as http:
        yield Visitor(page, link.partition("?")[0], http)


class Parrot:
    """An identity that understands everything but the word "zebra"."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def change(self, text: str) -> list[str]:
        self.text = text
        return ['"zebra": did you mean "zip"?'] if "zebra" in text else []

    @property
    def understood(self) -> str:
        return self.text.replace("zebra", "person")


class SaidLines:
    """A chat in which everybody has every line at once."""

    def __init__(self, node: Bystander) -> None:
        self._node, self.is_behind = node, False
        self.said: list[str] = []

    async def say(self, text: str) -> ChatLine:
        number, id = len(self.said), self._node.id
        line = ChatLine(id, number, self._node.name, checked_line(text), 1764000000.5, True, id, have=("bob",))
        self.said.append(line.text)
        self._node.observers.line_typed(line, b"")
        return line


class Bystander:
    """A node that does nothing but be observed, and paints what it is asked for, unless it has no generator."""

    def __init__(self, id: str = "me", name: str = "ann") -> None:
        self.id, self.name = id, name
        self.observers = Observers()
        self.broker_is_up = True
        self.muted = False
        self.floor: HeldFloor | None = None
        self.tally = CallStats(0.0, "lean")
        self.links: dict[str, str] = {}
        self.identity = Parrot()
        self.sight: str | None = None
        self.waiting = 0
        self.has_generator = True
        self.previewed: list[Prompt] = []
        self.chat = SaidLines(self)

    def toggle_mute(self) -> None:
        self.muted = not self.muted

    def route(self, peer: str) -> str:
        return "direct"

    def link(self, peer: str) -> str:
        return self.links.get(peer, "none")

    def count(self) -> CallStats:
        return self.tally

    def delay_ms(self) -> float | None:
        return 210.0

    def peers(self) -> list[str]:
        return []

    def queues(self) -> dict[str, int]:
        return {"pictures": self.waiting, "broker": 0}

    async def preview(self, prompt: Prompt) -> Image.Image:
        if not self.has_generator:
            raise NodeError("no generator was named")
        self.previewed.append(prompt)
        return Image.new("RGB", (8, 8), "green")


def a_page(kind: str = "call", **more: object) -> Page:
    return Page(kind, PageAddress(LOOPBACK, 0), LEAN, **more)  # type: ignore[arg-type]
