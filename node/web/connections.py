"""The page's TCP connections, each bounded before anybody has shown a token.

A connection waits for a request, or a request of it is being answered. Who waits may be sent away: for having waited
too long, for having sent too much that is no request, and in favour of a newcomer when there are too many. So nobody
keeps others out by holding connections, and what one may hold is little.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

# A page needs up to six, and 32 pages may follow a call.
MAX_CONNECTIONS = 256
# Of one address. On a network that is a household behind one router; on loopback everybody shares a few addresses.
MAX_FROM_ONE = 160
# The share of the process's descriptors that the page may take: the call needs some dozens, its children as well.
SHARE_OF_DESCRIPTORS = 4
# From the connection, or a head's first byte, to its last: two round trips and a few kB over a slow network.
HEAD_WITHIN_S = 10.0
# Without a request, after one: browsers keep a connection for a minute or two, and make another without ado.
IDLE_S = 75.0
# For which a client takes nothing of an answer; what waits for it is kept all the while.
STALLED_S = 30.0
# A request's head. Browsers send 1 to 4 kB, and with all cookies of "localhost" 8 kB more.
MAX_HEAD = 32 << 10
HEAD_END = b"\r\n\r\n"
# How often connections that are overdue are looked for.
LOOK_EVERY_S = 1.0
# IPv6 networks are given out by these many bits: whoever has one address has 2^64.
IPV6_SOURCE_BITS = 64

Clock = Callable[[], float]


class Connection(asyncio.Protocol):
    """One connection: hands everything on to what `make` returns (aiohttp's protocol), and measures what waits."""

    def __init__(self, connections: Connections, source: str, make: Callable[[], asyncio.Protocol]) -> None:
        self.source = source
        self.was_asked = False  # a request came whole
        self.since = connections.clock()  # it waits for a request, or for its rest
        self._connections, self._make = connections, make
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._cancel_handshake: Callable[[], object] | None = None
        self._answering = 0
        self._unasked = 0  # bytes that are no request yet
        self._tail = b""  # the last bytes of them
        self._has_head = False  # what follows is a body, or its rest, which aiohttp throws away
        self._stalled_since: float | None = None

    @property
    def waits(self) -> bool:
        """Whether no request of it is being answered."""
        return self._answering == 0

    def is_overdue(self, now: float) -> bool:
        """Whether its time is over."""
        if self._stalled_since is not None and now - self._stalled_since > STALLED_S:
            return True
        patience_s = IDLE_S if self.was_asked and not self._unasked else HEAD_WITHIN_S
        return self.waits and now - self.since > patience_s

    def begins_with(self, cancel_handshake: Callable[[], object]) -> None:
        """Remember what ends it before there is a transport."""
        self._cancel_handshake = cancel_handshake

    def abort(self) -> None:
        """End it at once."""
        self._connections.forget(self)
        if self._transport is not None:
            self._transport.abort()
        elif self._cancel_handshake is not None:
            self._cancel_handshake()

    def begin_answer(self) -> None:
        """A request came whole."""
        self.was_asked, self._unasked, self._tail = True, 0, b""
        self._answering += 1

    def end_answer(self, has_rest: bool) -> None:
        """A request has its answer; `has_rest` if not all of its body was read."""
        self._answering -= 1
        self._has_head = has_rest
        self.since = self._connections.clock()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._inner = self._make()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.waits and not self._has_head:
            self._measure_head(data if self._unasked else data.lstrip(b"\r\n"))
            if self._unasked > MAX_HEAD:
                self.abort()
                return
        assert self._inner is not None
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        assert self._inner is not None
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._stalled_since = self._connections.clock()
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._stalled_since = None
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.forget(self)
        if self._inner is not None:
            self._inner.connection_lost(error)

    def _measure_head(self, data: bytes) -> None:
        """Count what comes of a head, up to the empty line that ends it."""
        if data and not self._unasked and self.was_asked:
            self.since = self._connections.clock()
        end = (self._tail + data).find(HEAD_END)
        self._has_head = end >= 0
        self._unasked += len(data) if end < 0 else max(1, end - len(self._tail))
        self._tail = (self._tail + data)[1 - len(HEAD_END) :]


class Connections:
    """All connections of a page: at most `most`, and of one source at most `from_one`."""

    def __init__(self, most: int | None = None, from_one: int = MAX_FROM_ONE, clock: Clock = time.monotonic) -> None:
        self.most = max_connections() if most is None else most
        self.clock = clock
        self._from_one = from_one
        self._all: dict[Connection, None] = {}  # the oldest first
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, peer: Any, make: Callable[[], asyncio.Protocol]) -> Connection | None:
        """Return the connection of a newcomer, or None if its source has too many that are being answered.

        Call it only when `has_room`. Of a source that has too many, the one that has waited longest goes.
        """
        source = source_of(peer)
        theirs = [one for one in self._all if one.source == source]
        if len(theirs) >= self._from_one and not _end_one(theirs):
            return None
        connection = Connection(self, source, make)
        self._all[connection] = None
        return connection

    def has_room(self) -> bool:
        """Tell whether another one may come, for whom the one that has waited longest may have to go."""
        return len(self._all) < self.most or _end_one(list(self._all))

    async def room(self) -> None:
        """Wait until another one may come."""
        while not self.has_room():
            self._room.clear()
            await self._room.wait()

    def forget(self, connection: Connection) -> None:
        """It is over."""
        self._all.pop(connection, None)
        self._room.set()

    def free(self) -> None:
        """Tell who waits for room that there may be some: a connection has its answer."""
        self._room.set()

    def end_overdue(self) -> None:
        """End the connections whose time is over."""
        now = self.clock()
        for connection in [one for one in self._all if one.is_overdue(now)]:
            connection.abort()

    async def look_after(self) -> None:
        """End what is overdue until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.end_overdue()

    def close(self) -> None:
        """End them all."""
        for connection in list(self._all):
            connection.abort()


def _end_one(connections: list[Connection]) -> bool:
    """End one that waits, if there is any: rather one that never asked for anything, and of those the oldest."""
    waiting = [one for one in connections if one.waits]
    if not waiting:
        return False
    next((one for one in waiting if not one.was_asked), waiting[0]).abort()
    return True


def max_connections() -> int:
    """Return how many connections the process's descriptors allow."""
    try:
        import resource
    except ImportError:  # Windows, whose sockets are not counted so
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft // SHARE_OF_DESCRIPTORS)


def source_of(peer: Any) -> str:
    """Return what stands for one client: an IPv4 address, the network of an IPv6 address."""
    try:
        number = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except (IndexError, TypeError, ValueError):
        return ""
    if isinstance(number, ipaddress.IPv4Address):
        return str(number)
    if number.ipv4_mapped is not None:
        return str(number.ipv4_mapped)
    return str(ipaddress.ip_network((number, IPV6_SOURCE_BITS), strict=False))


class RateLimiter:
    """A token bucket: lets so many pass a second, in order, and never two in the same turn of the event loop."""

    def __init__(self, per_s: float, burst: int, clock: Clock = time.monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._tokens, self._at = float(burst), clock()
        self._order = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for it."""
        async with self._order:
            await asyncio.sleep(self._take())

    def _take(self) -> float:
        now = self._clock()
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) * self._per_s) - 1
        self._at = now
        return max(0.0, -self._tokens / self._per_s)


def limited(connections: Connections, pace: RateLimiter) -> Middleware:
    """Return what stands before all else: it tells connections of their requests, which come in one after another."""

    @web.middleware
    async def in_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
        protocol = None if request.transport is None else request.transport.get_protocol()
        connection = protocol if isinstance(protocol, Connection) else None
        if connection is None:
            return await handler(request)
        connection.begin_answer()
        try:
            await pace.turn()
            return await handler(request)
        finally:
            connection.end_answer(has_rest=not request.content.is_eof())
            connections.free()

    return in_turn
