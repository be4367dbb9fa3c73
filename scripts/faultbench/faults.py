"""The faults: each makes a call, breaks something, and returns how long speech stopped, in seconds."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from faultbench.network import BROKER, cable
from faultbench.process import Process, command, node
from node.links import broker
from node.links.address import BrokerAddress

LOOPBACK = "127.0.0.1"
PORT = 1883  # in a namespace of its own
USER = "bench"
CONNACK_ACCEPTED = b"\x20\x02\0\0"
SETTLES_S = 3.0
LASTS_S = 5.0
GOES_ON_S = 2.0
MOVES_S = 0.3  # a gap that long is that of a link that moves
GOES_ON_GAP_S = 1.0  # packets come every 0.12 s; a call that was made again has a longer gap
BACK = "the broker is back"


@dataclass(frozen=True)
class Fault:
    """`measure` returns the seconds without speech, of which there may be `goal_s`."""

    measure: Callable[[], Awaitable[float]]
    goal_s: float


async def address_changed() -> float:
    """One of the two moves to another address."""
    password = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as folder, cable() as network:
        file = Path(folder) / "password"
        file.touch(0o600)
        file.write_text(password)
        words = ["node", "broker", "--host", BROKER, "--username", USER, "--password-file", str(file)]
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(command(*network.inside("b"), sys.executable, "-m", *words))
            there = BrokerAddress(BROKER, PORT, username=USER, password=password)
            a = await stack.enter_async_context(node("a", there, where=network.inside("a")))
            b = await stack.enter_async_context(node("b", there, where=network.inside("b")))
            await _settled(a, b)
            begin = time.monotonic()
            network.move()
            await asyncio.gather(*(one.until(lambda one=one: one.longest_gap(begin) > MOVES_S) for one in (a, b)))
            await asyncio.gather(*(one.hears_for(GOES_ON_S) for one in (a, b)))
            return max(one.longest_gap(begin) for one in (a, b))


async def closed_after_connack() -> float:
    """For five seconds the broker closes each connection that it has let in."""

    @contextlib.asynccontextmanager
    async def misbehaving(port: int) -> AsyncIterator[None]:
        async with await asyncio.start_server(_let_in_and_close, LOOPBACK, port):
            yield

    return await _while_the_broker(misbehaving)


async def _let_in_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await reader.read(1)
        writer.write(CONNACK_ACCEPTED)
        await writer.drain()
        writer.close()


async def login_refused() -> float:
    """For five seconds the broker refuses the login that it took before."""

    @contextlib.asynccontextmanager
    async def refusing(port: int) -> AsyncIterator[None]:
        async with broker.serve(LOOPBACK, port, {USER: "another password"}):
            yield

    return await _while_the_broker(refusing)


async def peer_restarted() -> float:
    """One of the two is killed and started again at once; its start is part of the time."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    there = BrokerAddress(LOOPBACK, port)
    async with broker.serve(LOOPBACK, port), node("a", there, LOOPBACK) as a:
        async with node("b", there, LOOPBACK) as b:
            await _settled(a, b)
            begin = time.monotonic()
            await b.kill()
        async with node("b", there, LOOPBACK) as again:
            await again.hears_for(GOES_ON_S)
            await a.hears_for(GOES_ON_S)
            return a.longest_gap(begin)


async def _while_the_broker(other: Callable[[int], contextlib.AbstractAsyncContextManager[None]]) -> float:
    """A call in which another broker takes the place of the right one for a while, which must not end it."""
    async with contextlib.AsyncExitStack() as stack:
        right = await stack.enter_async_context(contextlib.AsyncExitStack())
        users = {USER: "its password"}
        port = await right.enter_async_context(broker.serve(LOOPBACK, 0, users))
        there = BrokerAddress(LOOPBACK, port, username=USER, password=users[USER])
        a, b = [await stack.enter_async_context(node(name, there, LOOPBACK)) for name in ("a", "b")]
        await _settled(a, b)
        begin = time.monotonic()
        await right.aclose()
        async with other(port):
            await asyncio.gather(*(one.hears_for(LASTS_S) for one in (a, b)))
        await stack.enter_async_context(broker.serve(LOOPBACK, port, users))
        await asyncio.gather(*(one.until(lambda one=one: BACK in one.notes) for one in (a, b)))
        await asyncio.gather(*(one.hears_for(GOES_ON_S) for one in (a, b)))
        return max(one.longest_gap(begin) for one in (a, b))


async def _settled(*both: Process) -> None:
    """A call that has been up for long enough not to count as a new one."""
    await asyncio.gather(*(one.until(lambda one=one: bool(one.heard)) for one in both))
    await asyncio.gather(*(one.hears_for(SETTLES_S) for one in both))


FAULTS: dict[str, Fault] = {
    "address changed": Fault(address_changed, 5.0),
    "broker closes after CONNACK": Fault(closed_after_connack, GOES_ON_GAP_S),
    "login refused for 5 s": Fault(login_refused, GOES_ON_GAP_S),
    "peer killed and restarted": Fault(peer_restarted, 3.5),
}
