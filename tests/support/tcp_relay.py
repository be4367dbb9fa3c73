"""A way to a broker that a test can cut: a TCP relay on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from node.links.address import BrokerAddress

LOOPBACK = "127.0.0.1"


@dataclass
class Relay:
    """Hands on what comes on `port` to the broker, and back, until it is `cut`."""

    broker: BrokerAddress
    port: int = 0
    is_cut: bool = False
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(LOOPBACK, self.port)

    def cut(self) -> None:
        """End all connections, and every new one."""
        self.is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Hand on again."""
        self.is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        there = await asyncio.open_connection(self.broker.host, self.broker.port)
        self._writers += [writer, there[1]]
        with contextlib.suppress(OSError):
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@contextlib.asynccontextmanager
async def relaying(broker: BrokerAddress) -> AsyncIterator[Relay]:
    """A relay for the length of the context."""
    relay = Relay(broker)
    server = await asyncio.start_server(relay.serve, LOOPBACK, 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
