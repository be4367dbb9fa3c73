"""Listens for the page: takes connections one at a time, and none while there are too many."""

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

# Connections taken a second: ten pages a second begin. The rest waits in the system's queue, at no cost to the call.
ACCEPTED_PER_S = 200.0
ACCEPT_BURST = 64
BACKLOG = 128
# TLS's, over a slow network.
HANDSHAKE_WITHIN_S = 10.0
# TLS's goodbye; nothing is lost if it does not come.
GOODBYE_WITHIN_S = 1.0
# When the system gives no more descriptors: something else has them, and trying without a pause would take a processor.
RETRY_S = 1.0

OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


async def bind(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen at a host's addresses, all on the same port. OSError if none can be had."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                sockets.append(_listening(family, (address[0], port, *address[2:])))
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


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


class Acceptor:
    """Takes connections for the protocols that `make` returns, in `tasks`; with a `context` they speak TLS."""

    def __init__(
        self,
        connections: Connections,
        make: Callable[[], asyncio.Protocol],
        tasks: TaskOwner,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._connections, self._make, self._tasks, self._context = connections, make, tasks, context
        self._pace = RateLimiter(ACCEPTED_PER_S, ACCEPT_BURST)

    @contextlib.asynccontextmanager
    async def listening(self, sockets: list[socket.socket]) -> AsyncIterator[None]:
        """Take connections while in this context; it closes the sockets."""
        work = [self._tasks.create_task(self._accept(one), name="page: connections") for one in sockets]
        work.append(self._tasks.create_task(self._connections.look_after(), name="page: overdue connections"))
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            for one in sockets:
                one.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._pace.turn()
            try:
                taken, peer = await loop.sock_accept(listening)
            except OSError as error:
                logger.debug("a connection was not taken: %s", error)
                await asyncio.sleep(RETRY_S if error.errno in OUT_OF_RESOURCES else 0)
                continue
            try:
                await self._connections.room()
                self._begin(taken, peer)
            except BaseException:
                taken.close()
                raise

    def _begin(self, taken: socket.socket, peer: object) -> None:
        connection = self._connections.admit(peer, self._make)
        if connection is None:
            taken.close()
            return
        task = self._tasks.create_task(self._connect(taken, connection), name="page: a connection begins")
        connection.begins_with(task.cancel)

    async def _connect(self, taken: socket.socket, connection: Connection) -> None:
        times = {"ssl_handshake_timeout": HANDSHAKE_WITHIN_S, "ssl_shutdown_timeout": GOODBYE_WITHIN_S}
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, taken, ssl=self._context, **(times if self._context else {})
            )
        except BaseException as error:
            self._connections.forget(connection)
            taken.close()
            if not isinstance(error, Exception):
                raise
            logger.debug("a connection did not begin, for want of TLS or of time: %r", error)
