"""A page without a call, served on loopback, and a client that asks it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from node.speech.profiles import LEAN
from node.web.address import PageAddress
from node.web.page import Page

LOOPBACK = "127.0.0.1"


@dataclass
class Visitor:
    """Asks the page at ``url``."""

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
    """Serves the page and lets a client in, with no limit to its connections and no cookies of its own accord."""
    connector = aiohttp.TCPConnector(limit=0)
    async with page.open() as link, aiohttp.ClientSession(connector=connector) as http:
        yield Visitor(page, link.partition("?")[0], http)


def a_page(kind: str = "call", **more: object) -> Page:
    return Page(kind, PageAddress(LOOPBACK, 0), LEAN, **more)  # type: ignore[arg-type]
