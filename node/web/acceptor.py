"""Accepts the page's TCP connections, one at a time, and none while there are too many."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable

from node.web.connections import Connection, Connections, RateLimiter
from node.web.fault_containment import TaskOwner

logger = logging.getLogger(__name__)

# Connections accepted a second: those of ten pages. The rest waits in the system's queue, at no cost to the call.
ACCEPTED_PER_S = 200.0
ACCEPT_BURST = 64
BACKLOG = 128
# For a TLS handshake over a slow network.
HANDSHAKE_TIMEOUT_S = 10.0
# For TLS's close_notify; nothing is lost without it.
CLOSE_TIMEOUT_S = 1.0
# Until the next attempt when the system has no more descriptors: trying without a pause would take a processor.
RETRY_S = 1.0

OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


async def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets of a host's addresses, all on the same port. Raises OSError if there are none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                sockets.append(_listen(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error  # "localhost" often names an IPv6 address that the machine lacks
            port = port or sockets[0].getsockname()[1] if sockets else port
        if not sockets:
            raise missing or OSError(errno.EADDRNOTAVAIL, "no address")
    except BaseException:
        for one in sockets:
            one.close()
        raise
    return sockets


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setblocking(False)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


class Acceptor:
    """Accepts connections for the protocols that `make` returns, in `tasks`; over TLS with a `context`."""

    def __init__(
        self,
        connections: Connections,
        make: Callable[[], asyncio.Protocol],
        tasks: TaskOwner,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._connections, self._make, self._tasks, self._context = connections, make, tasks, context
        self._limiter = RateLimiter(ACCEPTED_PER_S, ACCEPT_BURST)

    @contextlib.asynccontextmanager
    async def accepting(self, sockets: list[socket.socket]) -> AsyncIterator[None]:
        """Accept connections while in this context, which closes the sockets."""
        work = [self._tasks.create_task(self._accept_from(one), name="page: connections") for one in sockets]
        work.append(self._tasks.create_task(self._connections.watch(), name="page: overdue connections"))
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            for one in sockets:
                one.close()

    async def _accept_from(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._limiter.acquire()
            try:
                accepted, peer = await loop.sock_accept(listener)
            except OSError as error:
                logger.debug("a connection was not taken: %s", error)
                await asyncio.sleep(RETRY_S if error.errno in OUT_OF_RESOURCES else 0)
                continue
            try:
                await self._connections.wait_for_room()
                self._start(accepted, peer)
            except BaseException:
                accepted.close()
                raise

    def _start(self, accepted: socket.socket, peer: object) -> None:
        connection = self._connections.admit(peer, self._make)
        if connection is None:
            accepted.close()
            return
        task = self._tasks.create_task(self._connect(accepted, connection), name="page: a connection begins")
        connection.abort_with(task.cancel)

    async def _connect(self, accepted: socket.socket, connection: Connection) -> None:
        times = {"ssl_handshake_timeout": HANDSHAKE_TIMEOUT_S, "ssl_shutdown_timeout": CLOSE_TIMEOUT_S}
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=self._context, **(times if self._context else {})
            )
        except BaseException as error:
            self._connections.forget(connection)
            accepted.close()
            if not isinstance(error, Exception):
                raise
            logger.debug("a connection did not begin, for want of TLS or of time: %r", error)
