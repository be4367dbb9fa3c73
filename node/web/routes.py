"""What the page's server answers, route by route, as docs/web-api.md specifies it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from aiohttp import web

from node.replay.tempo import FASTEST, SLOWEST
from node.web.browser_camera import DecoderBusy, SnapshotError
from node.web.chat_texts import MAX_REQUEST, text_json
from node.web.event_stream import TooManySubscribers
from node.web.page import Page
from node.web.requests import RETRY_AFTER, done, finite_number, read_body, read_object, refused
from node.web.said_identity import IdentityError, checked
from protocol.errors import UsageError

STATIC = Path(__file__).parent / "static"

# A JPEG of 640 x 480 has 30 to 150 kB.
MAX_SNAPSHOT = 512 << 10
# The gate looks twice a second.
SNAPSHOT_EVERY_S = 0.25
CACHE_PICTURES_S = 3600
IMAGES = ("image/jpeg", "image/png", "image/webp")
# The page's files and their types, none of them asked of the system, which may not know them.
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
FILES = {path.name: path for path in STATIC.glob("*.*") if path.suffix in TYPES}


class Routes:
    """The handlers of one page, but for those of its WebRTC sessions (`node.web.whip`)."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._snapshot_at = float("-inf")

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register every route."""
        router.add_get("/", self.index)
        router.add_get("/static/{name:[a-z0-9]+\\.[a-z0-9]+}", self.static)
        router.add_get("/events", self.events)
        router.add_get("/pictures/{id:[0-9a-f]{1,64}}", self.picture)
        router.add_post("/snapshots", self.snapshot)
        router.add_post("/mute", self.mute)
        router.add_post("/talk", self.talk)
        router.add_post("/camera", self.camera)
        router.add_post("/me", self.me)
        router.add_post("/text", self.text)
        router.add_post("/replay/{action:play|pause|seek|speed}", self.replay)
        router.add_get("/healthz", self.health)
        router.add_get("/metrics", self.metrics)

    async def index(self, _request: web.Request) -> web.StreamResponse:
        """Answer with the page's HTML."""
        return _packed("index.html", {"Cache-Control": "no-cache"})

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Answer with one of the page's files."""
        name = request.match_info["name"]
        return _packed(name) if name in FILES else refused(404, "no such file")

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream events until the browser disconnects."""
        try:
            subscriber = self._page.state.events.subscribe()
        except TooManySubscribers:
            return refused(503, "too many pages are open: close one", RETRY_AFTER)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        try:
            with self._page.failures.contained(), contextlib.suppress(ConnectionError):  # the browser disconnected
                await response.prepare(request)
                async for messages in subscriber:
                    await response.write(messages)
        finally:
            subscriber.close()
        return response

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """Answer with a cached picture."""
        encoded = self._page.state.pictures.find(request.path)
        if encoded is None:
            return refused(404, "no such picture; it may be too old")
        headers = {"Cache-Control": f"private, max-age={CACHE_PICTURES_S}, immutable"}
        return web.Response(body=encoded, content_type="image/webp", headers=headers)

    # -- taking part

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        """Take a snapshot of a browser's camera."""
        camera, now = self._page.camera, self._page.state.clock()
        if camera is None:
            return refused(409, "this call has another camera; start it with --camera page")
        if request.content_type not in IMAGES:
            return refused(415, f"send one of {', '.join(IMAGES)}")
        if now - self._snapshot_at < SNAPSHOT_EVERY_S:
            return refused(429, "too many snapshots: two a second are looked at", {"Retry-After": "1"})
        self._snapshot_at = now
        try:
            await camera.put(await read_body(request, MAX_SNAPSHOT))
        except DecoderBusy:
            return refused(429, "the snapshot before is still being read", {"Retry-After": "1"})
        except SnapshotError as error:
            return refused(422, str(error))
        return done()

    async def mute(self, request: web.Request) -> web.StreamResponse:
        """Mute or unmute the node's speech."""
        muted = (await read_object(request)).get("muted")
        if not isinstance(muted, bool):
            return refused(422, '"muted" is true or false')
        if not self._page.mute(muted):
            return refused(409, "nothing is said from here")
        return done()

    async def talk(self, request: web.Request) -> web.StreamResponse:
        """Ask for the floor, say that it is still wanted, or give it back."""
        wish = await read_object(request)
        on, again = wish.get("on"), wish.get("again", False)
        if not isinstance(on, bool) or not isinstance(again, bool):
            return refused(422, '"on" is true or false, and so is "again"')
        if self._page.floor is None:
            return refused(409, "everybody may speak at any time here; start the call with --push-to-talk")
        self._page.floor.talk(on, again)
        return done()

    async def camera(self, request: web.Request) -> web.StreamResponse:
        """Switch the node's camera on or off."""
        on = (await read_object(request)).get("on")
        if not isinstance(on, bool):
            return refused(422, '"on" is true or false')
        if not self._page.switch_camera(on):
            return refused(409, "nothing is seen from here")
        return done()

    async def me(self, request: web.Request) -> web.StreamResponse:
        """Change who is before the node's camera; answer how that is read."""
        try:
            text = checked((await read_object(request)).get("me"))
        except IdentityError as error:
            return refused(422, str(error))
        lines = await self._page.change_me(text)
        if lines is None:
            return refused(409, "nobody is drawn from here")
        return web.json_response({"me": text, "lines": lines})

    async def text(self, request: web.Request) -> web.StreamResponse:
        """Say a line in the call's chat; answer with it."""
        texts = self._page.state.texts
        if texts is None or texts.chat is None:
            return refused(409, "nothing is written from here")
        said = (await read_object(request, MAX_REQUEST)).get("text")
        if not isinstance(said, str):
            return refused(422, '"text" is a line of text')
        if texts.chat.is_behind:
            return refused(429, "the lines before wait for the broker, or for somebody to get them", RETRY_AFTER)
        try:
            return web.json_response(text_json(await texts.chat.say(said)))
        except UsageError as error:
            return refused(422, str(error))

    async def replay(self, request: web.Request) -> web.StreamResponse:
        """Control a recording's player."""
        player = self._page.player
        if player is None:
            return refused(409, "this is no recording")
        match request.match_info["action"]:
            case "play":
                player.resume()
            case "pause":
                player.pause()
            case "seek":
                seconds = finite_number((await read_object(request)).get("seconds"))
                if seconds is None or not 0 <= seconds <= player.duration_s:
                    return refused(422, f'"seconds" is a number from 0 to {player.duration_s:.1f}')
                player.seek(seconds)
            case "speed":
                speed = finite_number((await read_object(request)).get("speed"))
                if speed is None or not SLOWEST <= speed <= FASTEST:
                    return refused(422, f'"speed" is a number from {SLOWEST} to {FASTEST}')
                player.speed = speed
        self._page.state.send_replay()
        return done()

    # -- for machines

    async def health(self, _request: web.Request) -> web.StreamResponse:
        """Answer whether the call is well."""
        problem = self._page.problem()
        if problem:
            return web.json_response({"status": "bad", "problem": problem}, status=503)
        return web.json_response({"status": "ok"})

    async def metrics(self, _request: web.Request) -> web.StreamResponse:
        """Answer with the metrics for Prometheus."""
        text, content_type = self._page.metrics()
        return web.Response(body=text, headers={"Content-Type": content_type})


def _packed(name: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return a file of the page, packed if the browser takes that and it is text: a third of the bytes."""
    kind = TYPES[FILES[name].suffix]
    charset = "utf-8" if kind.startswith("text/") else None
    response = web.Response(body=FILES[name].read_bytes(), content_type=kind, charset=charset, headers=headers)
    if kind != "font/woff2":
        response.enable_compression()
    return response
