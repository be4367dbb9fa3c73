"""The page's TCP connections, limited in number, time and memory before any token is shown.

A connection is idle, or a request of it is being answered. An idle one is aborted if it is idle too long, if it has
sent too much that is no request, and in favour of a new one when there are too many. So no client keeps others out by
holding connections.
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
# Of one address. On a network that is a household behind one router; on loopback all share a few addresses.
MAX_FROM_ONE = 160
# The share of the process's descriptors that the page may take: the call needs some dozens, its children as well.
SHARE_OF_DESCRIPTORS = 4
# For a request's head, from its connection or first byte to its last: two round trips and a few kB on a slow network.
HEAD_TIMEOUT_S = 10.0
# Between requests: browsers hold a connection for a minute or two, and open another at no cost.
IDLE_TIMEOUT_S = 75.0
# While a client reads nothing of an answer, which stays in memory meanwhile.
STALL_TIMEOUT_S = 30.0
# Bytes of a request's head. Browsers send 1 to 4 kB, and with all cookies of "localhost" 8 kB more.
MAX_HEAD = 32 << 10
HEAD_END = b"\r\n\r\n"
# How often overdue connections are looked for.
POLL_S = 1.0
# Bits of an IPv6 network: a client with one address has 2^64 of them.
IPV6_SOURCE_BITS = 64

Clock = Callable[[], float]


class Connection(asyncio.Protocol):
    """One connection: passes everything to the protocol that `make` returns (aiohttp's), and measures requests."""

    def __init__(self, connections: Connections, source: str, make: Callable[[], asyncio.Protocol]) -> None:
        self.source = source
        self.has_requested = False  # a complete request was received
        self.idle_since = connections.clock()  # when it became idle, or the head of a request began
        self._connections, self._make = connections, make
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._cancel_handshake: Callable[[], object] | None = None
        self._answering = 0
        self._head_bytes = 0  # of a head that is incomplete
        self._tail = b""  # the last bytes of that head
        self._has_head = False  # a body follows, or its rest, which aiohttp discards
        self._stalled_since: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self._answering == 0

    def is_overdue(self, now: float) -> bool:
        """Return whether a timeout has passed at `now`."""
        if self._stalled_since is not None and now - self._stalled_since > STALL_TIMEOUT_S:
            return True
        patience_s = IDLE_TIMEOUT_S if self.has_requested and not self._head_bytes else HEAD_TIMEOUT_S
        return self.is_idle and now - self.idle_since > patience_s

    def abort_with(self, cancel_handshake: Callable[[], object]) -> None:
        """Set what aborts the connection before it has a transport."""
        self._cancel_handshake = cancel_handshake

    def abort(self) -> None:
        """Close the connection at once."""
        self._connections.forget(self)
        if self._transport is not None:
            self._transport.abort()
        elif self._cancel_handshake is not None:
            self._cancel_handshake()

    def begin_answer(self) -> None:
        """Record that a complete request was received."""
        self.has_requested, self._head_bytes, self._tail = True, 0, b""
        self._answering += 1

    def end_answer(self, has_rest: bool) -> None:
        """Record that a request is answered; `has_rest` if not all of its body was read."""
        self._answering -= 1
        self._has_head = has_rest
        self.idle_since = self._connections.clock()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._inner = self._make()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.is_idle and not self._has_head:
            self._measure_head(data if self._head_bytes else data.lstrip(b"\r\n"))
            if self._head_bytes > MAX_HEAD:
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
        """Count the bytes of a head, up to the empty line that ends it."""
        if data and not self._head_bytes and self.has_requested:
            self.idle_since = self._connections.clock()
        end = (self._tail + data).find(HEAD_END)
        self._has_head = end >= 0
        self._head_bytes += len(data) if end < 0 else max(1, end - len(self._tail))
        self._tail = (self._tail + data)[1 - len(HEAD_END) :]


class Connections:
    """All connections of a page: at most `most`, and at most `from_one` of one source."""

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
        """Return a new connection, or None if its source has too many that are being answered.

        To be called only when `has_room`. Of a source that has too many, the one idle longest is aborted.
        """
        source = source_of(peer)
        same_source = [one for one in self._all if one.source == source]
        if len(same_source) >= self._from_one and not _abort_one(same_source):
            return None
        connection = Connection(self, source, make)
        self._all[connection] = None
        return connection

    def has_room(self) -> bool:
        """Return whether another one can be admitted, after aborting the one idle longest if need be."""
        return len(self._all) < self.most or _abort_one(list(self._all))

    async def wait_for_room(self) -> None:
        """Wait until another one can be admitted."""
        while not self.has_room():
            self._room.clear()
            await self._room.wait()

    def forget(self, connection: Connection) -> None:
        """Remove a connection that is closed."""
        self._all.pop(connection, None)
        self._room.set()

    def notify_idle(self) -> None:
        """Wake `wait_for_room`: a connection became idle."""
        self._room.set()

    def abort_overdue(self) -> None:
        """Abort the connections that are overdue."""
        now = self.clock()
        for connection in [one for one in self._all if one.is_overdue(now)]:
            connection.abort()

    async def watch(self) -> None:
        """Abort overdue connections until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            self.abort_overdue()

    def close(self) -> None:
        """Abort all connections."""
        for connection in list(self._all):
            connection.abort()


def _abort_one(connections: list[Connection]) -> bool:
    """Abort an idle one, if there is any: preferably one that never sent a request, and of those the oldest."""
    idle = [one for one in connections if one.is_idle]
    if not idle:
        return False
    next((one for one in idle if not one.has_requested), idle[0]).abort()
    return True


def max_connections() -> int:
    """Return how many connections the process's descriptors allow."""
    try:
        import resource
    except ImportError:  # Windows, which does not limit sockets that way
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft // SHARE_OF_DESCRIPTORS)


def source_of(peer: Any) -> str:
    """Return the source of a client: its IPv4 address, or the network of its IPv6 address."""
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
    """A token bucket of `burst` that refills `per_s` tokens a second: lets callers pass in order, and never two in the
    same iteration of the event loop.
    """

    def __init__(self, per_s: float, burst: int, clock: Clock = time.monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._tokens, self._at = float(burst), clock()
        self._order = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for a token."""
        async with self._order:
            await asyncio.sleep(self.take())

    def take(self) -> float:
        """Take a token, and return the seconds until it is there."""
        now = self._clock()
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) * self._per_s) - 1
        self._at = now
        return max(0.0, -self._tokens / self._per_s)


def limit_requests(connections: Connections, limiter: RateLimiter) -> Middleware:
    """Return the outermost middleware: it limits the rate of requests, and notifies connections of them."""

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        protocol = None if request.transport is None else request.transport.get_protocol()
        connection = protocol if isinstance(protocol, Connection) else None
        if connection is None:
            return await handler(request)
        connection.begin_answer()
        try:
            await limiter.acquire()
            return await handler(request)
        finally:
            connection.end_answer(has_rest=not request.content.is_eof())
            connections.notify_idle()

    return limit
