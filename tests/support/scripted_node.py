"""A node as the page sees it, without a call: it serves the page's files and says what a test wants it to say.

    async with ScriptedNode(state=demo(pictures)) as node:
        await page.open(node.url)
        await node.say("note", {"at": 0, "text": "bob is here"})

The same state and pictures are always shown the same way. See docs/web-api.md for the events.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

STATIC = Path(__file__).parents[2] / "node" / "web" / "static"
LOOPBACK = "127.0.0.1"
PATIENCE_S = 30.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOW = 1764000120.0
NOTHING_SAID = {"speech_kbps": 0.0, "wire_kbps": 0.3, "total_kbps": 0.7}


class ScriptedNode:
    """Serves on loopback between `start` and `stop`, each time on the same port. ``asked`` is what the page asked for:
    method, path and body. ``read`` are the lines that answer who is before the camera, ``texts`` what
    answers lines that are typed."""

    def __init__(self, state: dict[str, Any], port: int = 0) -> None:
        self.state = state
        self.asked: list[tuple[str, str, bytes]] = []
        self._was_asked = asyncio.Event()
        self.refuse: tuple[int, str] | None = None
        self.read: list[str] = []
        self.texts: list[dict[str, Any]] = []
        self._pictures: dict[str, bytes] = {}
        self._readers: set[asyncio.Queue[bytes | None]] = set()
        self._numbers = itertools.count(1)
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens."""
        app = web.Application()
        app.router.add_get("/", self._index)
        app.router.add_get("/events", self._events)
        app.router.add_get("/pictures/{id}", self._picture)
        app.router.add_static("/static", STATIC)
        app.router.add_route("POST", "/{path:.*}", self._take)
        app.on_response_prepare.append(_protect)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Is gone, and every line to it with it."""
        for reader in self._readers:
            reader.put_nowait(None)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def posted(self, path: str, count: int = 1) -> list[bytes]:
        """The first bodies that the page posted there, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(bodies := [body for _, where, body in self.asked if where == path]) < count:
                self._was_asked.clear()
                await self._was_asked.wait()
        return bodies

    def picture(self, image: Image) -> str:
        """The address of this picture from now on."""
        from PIL import Image as Pillow

        file = io.BytesIO()
        image.convert("RGB").resize((256, 256), Pillow.Resampling.LANCZOS).save(file, "WEBP", quality=90)
        name = f"p{len(self._pictures)}"
        self._pictures[name] = file.getvalue()
        return f"/pictures/{name}"

    def say(self, name: str, data: dict[str, Any]) -> None:
        """Tells every page that reads."""
        for reader in self._readers:
            reader.put_nowait(self._event(name, data))

    def _event(self, name: str, data: dict[str, Any]) -> bytes:
        return f"id: {self.state['run']}-{next(self._numbers)}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()

    async def _index(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _picture(self, request: web.Request) -> web.Response:
        body = self._pictures.get(request.match_info["id"])
        if body is None:
            raise web.HTTPNotFound(text="no such picture")
        return web.Response(body=body, content_type="image/webp")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.refuse is not None:
            return web.Response(status=self.refuse[0], text=self.refuse[1])
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        reader: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._readers.add(reader)
        try:
            await answer.write(self._event("state", self.state))
            while (event := await reader.get()) is not None:
                await answer.write(event)
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            self._readers.discard(reader)
        return answer

    async def _take(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path, await request.read()))
        self._was_asked.set()
        if request.path in ("/whep", "/whip"):
            return web.Response(status=503, text="nobody plays sound in a test")
        if request.path == "/text":
            refusal = web.Response(status=422, text="a line has 1 to 500 characters")
            return web.json_response(self.texts.pop(0)) if self.texts else refusal
        if request.path == "/me":
            return web.json_response({"me": (await request.json())["me"], "lines": self.read})
        return web.Response(status=204)


async def _protect(request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers["Content-Security-Policy"] = POLICY


def demo(**changes: Any) -> dict[str, Any]:
    """The state of a demo in which nothing was shown yet, people `a` and `b` in it."""
    return {
        "run": "r1",
        "kind": "demo",
        "now": NOW,
        "started": NOW - 100,
        "reference": {
            "video_kbps": 600,
            "what": "one video call between two people, standard quality, each way",
            "source": "Zoom's bandwidth requirements, 1:1 high-quality video",
        },
        "sound": {"lines": 2},
        "broker": "up",
        "you": None,
        "people": [person("a"), person("b")],
        "notes": [],
        "replay": None,
    } | changes


def person(name: str, pictures: Sequence[dict[str, Any]] = (), /, **changes: Any) -> dict[str, Any]:
    """A person who is present, with the name as id."""
    return {
        "id": name,
        "name": name,
        "you": False,
        "here": True,
        "speaks": True,
        "shows": True,
        "link": "up",
        "missing": None,
        "broker": True,
        "floor": False,
        "painting": None,
        "screen": pictures[-1]["url"] if pictures else None,
        "pictures": list(pictures),
        "meters": None,
    } | changes


def person_event(name: str, /, **changes: Any) -> dict[str, Any]:
    """The same as the event `person` has it."""
    return {field: value for field, value in person(name, **changes).items() if field not in ("pictures", "meters")}


def picture(sequence: int, words: str, url: str | None, snapshot: str | None = None, **changes: Any) -> dict[str, Any]:
    """One of a person's pictures, four seconds after the one before it."""
    bits = 21
    return {
        "sequence": sequence,
        "words": words,
        "at": NOW - 100 + 4 * sequence,
        "bits": bits,
        "bytes": 12,
        "wire_bytes": 144,
        "ratio": 256 * 256 * 24 // bits,
        "width": 256,
        "height": 256,
        "url": url,
        "snapshot": snapshot,
    } | changes


def meters(second: int, phase: int = 0) -> dict[str, Any]:
    """What a person sends who talks for five seconds of eight; the same every time."""
    talking = (second + phase) % 8 < 5
    wobble = (second * 7 + phase * 3) % 5 / 10
    speech = {"speech_kbps": 7.5 + wobble, "wire_kbps": 10.7 + wobble, "total_kbps": 11.2 + wobble}
    return {
        "talking": talking,
        **(speech if talking else NOTHING_SAID),
        "picture_bps": 405 + (second * 13 + phase) % 60,
        "loss": 0.005 if second % 23 == 11 else 0.0,
        "delay_ms": 224 + (second * 5 + phase) % 9,
        "ratio_raw": 71022 + (second * 31) % 400,
        "ratio_video": 81 + phase % 4,
    }
