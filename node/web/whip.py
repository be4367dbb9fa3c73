"""WHIP (RFC 9725) and WHEP: offers posted, sessions that take candidates and end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from node.web.requests import RETRY_AFTER, body, refused
from node.web.sessions import IceRestart, TooManySessions, WhipSession, WhipSessions
from protocol.errors import SignalError

if TYPE_CHECKING:
    from node.web.page import Page

MAX_SDP = 64 << 10
"""Offers of browsers have 2 to 10 kB."""

PATCHES = "application/trickle-ice-sdpfrag"


class WhipRoutes:
    """The handlers of one kind of session, `/whep` or `/whip`: `open` takes an offer."""

    def __init__(
        self,
        kind: str,
        sessions: Callable[[], WhipSessions],
        open: Callable[[str], Awaitable[tuple[WhipSession, str]]],
        no_room: str,
    ) -> None:
        self._kind = kind
        self._sessions, self._take_offer = sessions, open
        self._no_room = no_room

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register its routes."""
        router.add_post(f"/{self._kind}", self.post)
        router.add_options(f"/{self._kind}", self.options)
        router.add_patch(f"/{self._kind}/{{id:[0-9a-f]{{1,64}}}}", self.patch)
        router.add_delete(f"/{self._kind}/{{id:[0-9a-f]{{1,64}}}}", self.delete)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """An offer, to be answered."""
        if request.content_type != "application/sdp":
            return refused(415, "send an offer as application/sdp")
        offer = (await body(request, MAX_SDP)).decode(errors="replace")
        if not offer.startswith("v=0"):
            return refused(400, "this is no session description")
        try:
            session, answer = await self._take_offer(offer)
        except TooManySessions:
            return refused(503, self._no_room, RETRY_AFTER)
        except SignalError as error:
            return refused(422, str(error))
        told = {"Location": f"/{self._kind}/{session.id}", "ETag": session.etag, "Accept-Patch": PATCHES}
        return web.Response(status=201, text=answer, content_type="application/sdp", headers=told)

    async def options(self, _request: web.Request) -> web.StreamResponse:
        """What may be posted here."""
        return web.Response(status=204, headers={"Allow": "OPTIONS, POST", "Accept-Post": "application/sdp"})

    async def patch(self, request: web.Request) -> web.StreamResponse:
        """Candidates that come later."""
        session = self._session(request)
        if request.content_type != PATCHES:
            return refused(415, f"send {PATCHES}")
        _check_match(request.headers.get("If-Match"), session)
        try:
            session.trickle((await body(request, MAX_SDP)).decode(errors="replace"))
        except IceRestart:
            return refused(422, "ICE restarts are not supported: make a new session")
        except SignalError as error:
            return refused(400, str(error))
        return web.Response(status=204, headers={"ETag": session.etag})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """The end of a session."""
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


def add_to(page: Page, router: web.UrlDispatcher) -> None:
    """Register both kinds."""
    WhipRoutes("whep", lambda: page.listeners, page.listen, "too many listen already").add_to(router)
    WhipRoutes("whip", lambda: page.speakers, page.speak, "somebody speaks already").add_to(router)
