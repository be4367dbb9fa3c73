"""Taking connections: addresses, TLS that never comes, descriptors that run out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from happenings import until

from node.web import acceptor as module
from node.web.acceptor import Acceptor, bind
from node.web.connections import Connections

LOOPBACK = "127.0.0.1"


class Greeter(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b"hello")  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def greeting(connections: Connections, context: Any = None) -> AsyncIterator[int]:
    sockets = await bind(LOOPBACK, 0)
    async with asyncio.TaskGroup() as tasks, Acceptor(connections, Greeter, tasks, context).accepting(sockets):
        yield int(sockets[0].getsockname()[1])
        connections.close()


async def greeted(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    said = await reader.read(5)
    writer.close()
    return said


async def test_localhost_is_one_port_at_each_of_its_addresses() -> None:
    sockets = await bind("localhost", 0)
    try:
        assert len({one.getsockname()[1] for one in sockets}) == 1
    finally:
        for one in sockets:
            one.close()


async def test_an_address_in_use_leaves_nothing_open() -> None:
    [first] = await bind(LOOPBACK, 0)
    with pytest.raises(OSError) as refused:
        await bind(LOOPBACK, first.getsockname()[1])
    assert refused.value.errno == errno.EADDRINUSE
    first.close()


async def test_an_address_of_nobody_is_refused() -> None:
    with pytest.raises(OSError):
        await bind("192.0.2.1", 0)


async def test_descriptors_that_run_out_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    accept, failed = loop.sock_accept, 0

    async def failing(sock: socket.socket) -> Any:
        nonlocal failed
        if failed < 3:
            failed += 1
            raise OSError(errno.EMFILE, "too many open files")
        return await accept(sock)

    monkeypatch.setattr(module, "RETRY_S", 0.0)
    monkeypatch.setattr(loop, "sock_accept", failing)
    async with greeting(Connections()) as port:
        assert await greeted(port) == b"hello"
    assert failed == 3


async def test_who_speaks_no_tls_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    connections = Connections(most=2)
    async with greeting(connections, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as port:
        silent = [await asyncio.open_connection(LOOPBACK, port) for _ in range(6)]
        await until(lambda: len(connections) == 2)
        ended = [asyncio.create_task(reader.read(1)) for reader, _ in silent]
        await until(lambda: sum(one.done() for one in ended) == 4)  # the others gave way
        for task in ended:
            task.cancel()
        _, writer = silent[-1]
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: len(connections) == 1)
        for _, writer in silent:
            writer.close()
