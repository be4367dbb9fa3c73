"""A child that answers requests, and what its user hears when it does not."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest

from node.common.answering_process import AnsweringProcess

CHILD = """
import os, subprocess, sys
import msgpack
for request in msgpack.Unpacker(os.fdopen(os.dup(0), "rb", buffering=0)):
    kind, value = request
    if kind == "die":
        os._exit(1)
    reply = [value]
    if kind == "start another":
        held = f"import socket, time; held = socket.create_connection(('127.0.0.1', {value})); time.sleep(1000)"
        child = subprocess.Popen([sys.executable, "-c", held])
        reply = [child.pid]
    if kind == "bare":
        reply = value
    os.write(1, msgpack.packb(reply))
"""

PATIENCE_S = 20.0
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[AnsweringProcess]:
    process = AnsweringProcess([sys.executable, "-c", CHILD], os.environ, **options)
    await process.start()
    try:
        yield process
    finally:
        await process.end()


async def ask(process: AnsweringProcess, *request: object) -> list[Any]:
    return await process.exchange(msgpack.packb(request))


async def test_each_request_has_its_reply() -> None:
    async with running() as process:
        assert process.runs
        for number in range(3):
            assert await ask(process, "echo", number) == [number]
        assert await ask(process, "echo", bytes(500_000)) == [bytes(500_000)]
    assert not process.runs
    assert process.pid is None


async def test_one_that_died_says_so_and_can_be_started_again() -> None:
    async with running() as process:
        with pytest.raises(EOFError):
            await ask(process, "die", 0)
        before = process.pid
        await process.start()
        assert await ask(process, "echo", 1) == [1]
        assert process.pid != before


@pytest.mark.parametrize(("kind", "value"), [("bare", 3), ("bare", []), ("echo", bytes(4_000))])
async def test_what_is_no_reply_or_too_long_is_an_error(kind: str, value: object) -> None:
    async with running(max_reply=1_000) as process:
        with pytest.raises(ValueError):
            await ask(process, kind, value)


async def test_what_a_killed_one_left_is_no_reply_of_the_next() -> None:
    async with running(max_reply=1_000) as process:
        with pytest.raises(ValueError):
            await ask(process, "echo", bytes(4_000))
        await process.start()
        assert await ask(process, "echo", 1) == [1]


@needs_posix
async def test_with_a_session_of_its_own_what_it_started_ends_with_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        async with running(own_session=True) as process:
            (other,) = await ask(process, "start another", server.getsockname()[1])
            connection, _ = await asyncio.to_thread(server.accept)
            assert process.pid is not None
            assert os.getpgid(other) == os.getsid(process.pid) == process.pid != os.getsid(0)
        with connection:
            connection.settimeout(PATIENCE_S)
            assert await asyncio.to_thread(connection.recv, 1) == b""  # it is gone, whoever its parent is now


async def test_where_the_system_has_none_to_give_the_caller_hears_it() -> None:
    process = AnsweringProcess(["/no/such/program"], os.environ)
    with pytest.raises(OSError):
        await process.start()
    assert not process.runs
    await process.end()
