"""WHIP and WHEP sessions: a browser's connections, each a resource that can be asked to take candidates and to end."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from node.web.browser_link import BrowserLink
from node.web.connections import RateLimiter
from node.web.fault_containment import TaskOwner
from protocol.errors import SignalError

CONNECT_WITHIN_S = 15.0
"""A session that is not connected by then is given up: its browser is gone."""

OPENED_PER_S = 10.0
OPENED_BURST = 16
"""Sessions begun a second: each takes some milliseconds, in which no speech is sent or played. Others wait."""


class TooManySessions(Exception):
    """There are as many sessions as there may be."""


class IceRestart(Exception):
    """An ICE restart was asked for, which is not supported."""


@dataclass(slots=True)
class WhipSession:
    """One connection. `leave` ends what it was for, `waiting` gives it up should nobody come."""

    id: str
    link: BrowserLink
    ufrag: str
    leave: Callable[[], None]
    waiting: asyncio.Task[None]
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')

    def trickle(self, fragment: str) -> None:
        """Take candidates that come later (RFC 8840): nothing need be done about them (see `node.web.browser_link`).

        `IceRestart` if they are of other credentials, SignalError if it is no fragment.
        """
        ufrags = re.findall(r"(?m)^a=ice-ufrag:(\S+)", fragment)
        if any(ufrag != self.ufrag for ufrag in ufrags):
            raise IceRestart
        if not re.search(r"(?m)^(a=candidate:|a=end-of-candidates|a=ice-ufrag:)", fragment):
            raise SignalError("no fragment of SDP with candidates")


class WhipSessions:
    """All sessions of one kind, at most so many. `tasks` owns what ends them."""

    def __init__(self, most: int, address: str | None, tasks: TaskOwner) -> None:
        self._most = most
        self._address = address
        self._tasks = tasks
        self._sessions: dict[str, WhipSession] = {}
        self._opening = 0
        self._pace = RateLimiter(OPENED_PER_S, OPENED_BURST)

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, id: str) -> WhipSession | None:
        """Return the session, if there is one."""
        return self._sessions.get(id)

    async def open(
        self, offer: str, answer: Callable[[BrowserLink], Awaitable[tuple[str, Callable[[], None]]]]
    ) -> tuple[WhipSession, str]:
        """Take an offer; `answer` makes the answer and says what to do at the end. Returns the session and the answer.

        `TooManySessions` when there are too many, SignalError when the offer is none.
        """
        if len(self._sessions) + self._opening >= self._most:
            raise TooManySessions
        self._opening += 1
        try:
            return await self._open(offer, answer)
        finally:
            self._opening -= 1

    async def _open(
        self, offer: str, answer: Callable[[BrowserLink], Awaitable[tuple[str, Callable[[], None]]]]
    ) -> tuple[WhipSession, str]:
        await self._pace.turn()
        id = secrets.token_hex(12)
        up = asyncio.Event()
        link = BrowserLink(self._address, up.set, lambda: self._end_soon(id))
        try:
            await link.take(offer)
            text, leave = await answer(link)
        except BaseException:
            await link.close()
            raise
        ufrag = re.search(r"(?m)^a=ice-ufrag:(\S+)", offer)
        waiting = self._tasks.create_task(self._give_up(id, up), name="waiting for a browser")
        session = self._sessions[id] = WhipSession(id, link, ufrag[1] if ufrag else "", leave, waiting)
        return session, text

    async def end(self, session: WhipSession) -> None:
        """End a session."""
        if self._sessions.pop(session.id, None) is not None:
            session.waiting.cancel()
            session.leave()
            await session.link.close()

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(self.end(session) for session in list(self._sessions.values())))

    def _end_soon(self, id: str) -> None:
        session = self._sessions.get(id)
        if session is not None:
            self._tasks.create_task(self.end(session), name="a browser is gone")

    async def _give_up(self, id: str, up: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await up.wait()
        except TimeoutError:
            self._end_soon(id)
