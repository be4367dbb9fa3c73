"""WHIP (RFC 9725) and WHEP: WebRTC sessions of browsers as HTTP resources, opened by an offer and ended by DELETE."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

from node.web.browser_link import BrowserLink
from node.web.connections import RateLimiter
from node.web.fault_containment import TaskOwner
from node.web.requests import RETRY_AFTER, read_body, refused
from protocol.errors import SignalError

# Offers of browsers have 2 to 10 kB.
MAX_SDP = 64 << 10
# A session that is not connected by then is ended: its browser is gone.
CONNECT_WITHIN_S = 15.0
# Sessions opened a second: each takes some milliseconds in which no speech is sent or played. Others wait.
OPENED_PER_S = 10.0
OPENED_BURST = 16
# The content type of trickled candidates (RFC 8840).
FRAGMENT_TYPE = "application/trickle-ice-sdpfrag"

# Makes the answer to the offer that a link has taken; returns it and what to call at the session's end.
Answerer: TypeAlias = Callable[[BrowserLink], Awaitable[tuple[str, Callable[[], None]]]]


class TooManySessions(Exception):
    """There are as many sessions as there may be."""


class IceRestart(Exception):
    """An ICE restart was asked for, which is not supported."""


@dataclass(slots=True)
class WhipSession:
    """One browser's connection. `on_end` ends what it was for, `timeout` ends it if it never connects."""

    id: str
    link: BrowserLink
    ufrag: str
    on_end: Callable[[], None]
    timeout: asyncio.Task[None]
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')

    def trickle(self, fragment: str) -> None:
        """Check later candidates (RFC 8840), which need no more than that (see `node.web.browser_link`).

        Raises IceRestart if they are of other credentials, SignalError if `fragment` is no fragment of SDP.
        """
        ufrags = re.findall(r"(?m)^a=ice-ufrag:(\S+)", fragment)
        if any(ufrag != self.ufrag for ufrag in ufrags):
            raise IceRestart
        if not re.search(r"(?m)^(a=candidate:|a=end-of-candidates|a=ice-ufrag:)", fragment):
            raise SignalError("no fragment of SDP with candidates")


class WhipSessions:
    """All sessions of one kind, at most `most`. `tasks` owns the tasks that end them."""

    def __init__(self, most: int, address: str | None, tasks: TaskOwner) -> None:
        self._most = most
        self._address = address
        self._tasks = tasks
        self._sessions: dict[str, WhipSession] = {}
        self._opening = 0
        self._limiter = RateLimiter(OPENED_PER_S, OPENED_BURST)

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, id: str) -> WhipSession | None:
        """Return the session, if there is one."""
        return self._sessions.get(id)

    async def open(self, offer: str, answerer: Answerer) -> tuple[WhipSession, str]:
        """Open a session for an offer; return it and the answer.

        Raises TooManySessions at the limit, SignalError if the offer cannot be answered.
        """
        if len(self._sessions) + self._opening >= self._most:
            raise TooManySessions
        self._opening += 1
        try:
            return await self._open(offer, answerer)
        finally:
            self._opening -= 1

    async def _open(self, offer: str, answerer: Answerer) -> tuple[WhipSession, str]:
        await self._limiter.acquire()
        id = secrets.token_hex(12)
        connected = asyncio.Event()
        link = BrowserLink(self._address, connected.set, lambda: self._end_soon(id))
        try:
            await link.take(offer)
            answer, on_end = await answerer(link)
        except BaseException:
            await link.close()
            raise
        ufrag = re.search(r"(?m)^a=ice-ufrag:(\S+)", offer)
        timeout = self._tasks.create_task(self._end_unless(connected, id), name="waiting for a browser")
        session = self._sessions[id] = WhipSession(id, link, ufrag[1] if ufrag else "", on_end, timeout)
        return session, answer

    async def end(self, session: WhipSession) -> None:
        """End a session."""
        if self._sessions.pop(session.id, None) is not None:
            session.timeout.cancel()
            session.on_end()
            await session.link.close()

    async def close(self) -> None:
        """End all sessions."""
        await asyncio.gather(*(self.end(session) for session in list(self._sessions.values())))

    def _end_soon(self, id: str) -> None:
        session = self._sessions.get(id)
        if session is not None:
            self._tasks.create_task(self.end(session), name="a browser is gone")

    async def _end_unless(self, connected: asyncio.Event, id: str) -> None:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await connected.wait()
        except TimeoutError:
            self._end_soon(id)


class WhipRoutes:
    """The handlers of one kind of session, `/whep` or `/whip`: `open` opens a session for an offer."""

    def __init__(
        self,
        kind: str,
        sessions: Callable[[], WhipSessions],
        open: Callable[[str], Awaitable[tuple[WhipSession, str]]],
        refusal: str,
    ) -> None:
        self._kind = kind
        self._sessions, self._open = sessions, open
        self._refusal = refusal

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_post(f"/{self._kind}", self.post)
        router.add_options(f"/{self._kind}", self.options)
        router.add_patch(f"/{self._kind}/{{id:[0-9a-f]{{1,64}}}}", self.patch)
        router.add_delete(f"/{self._kind}/{{id:[0-9a-f]{{1,64}}}}", self.delete)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer an offer."""
        if request.content_type != "application/sdp":
            return refused(415, "send an offer as application/sdp")
        offer = (await read_body(request, MAX_SDP)).decode(errors="replace")
        if not offer.startswith("v=0"):
            return refused(400, "this is no session description")
        try:
            session, answer = await self._open(offer)
        except TooManySessions:
            return refused(503, self._refusal, RETRY_AFTER)
        except SignalError as error:
            return refused(422, str(error))
        headers = {"Location": f"/{self._kind}/{session.id}", "ETag": session.etag, "Accept-Patch": FRAGMENT_TYPE}
        return web.Response(status=201, text=answer, content_type="application/sdp", headers=headers)

    async def options(self, _request: web.Request) -> web.StreamResponse:
        """List the methods, and what can be posted."""
        return web.Response(status=204, headers={"Allow": "OPTIONS, POST", "Accept-Post": "application/sdp"})

    async def patch(self, request: web.Request) -> web.StreamResponse:
        """Take later candidates."""
        session = self._session(request)
        if request.content_type != FRAGMENT_TYPE:
            return refused(415, f"send {FRAGMENT_TYPE}")
        _check_match(request.headers.get("If-Match"), session)
        try:
            session.trickle((await read_body(request, MAX_SDP)).decode(errors="replace"))
        except IceRestart:
            return refused(422, "ICE restarts are not supported: make a new session")
        except SignalError as error:
            return refused(400, str(error))
        return web.Response(status=204, headers={"ETag": session.etag})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """End a session."""
        await self._sessions().end(self._session(request))
        return web.Response(status=200)

    def _session(self, request: web.Request) -> WhipSession:
        session = self._sessions().find(request.match_info["id"])
        if session is None:
            raise web.HTTPNotFound(text="no such session\n")
        return session


def _check_match(if_match: str | None, session: WhipSession) -> None:
    if if_match is None:
        raise web.HTTPPreconditionRequired(text="say by If-Match which session is meant\n")
    if if_match not in (session.etag, "*"):
        raise web.HTTPPreconditionFailed(text="this session has another ETag\n")
