"""A broker on loopback that answers each connection as a test wants: properly, with a refusal, with bytes, or not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import raw_mqtt
from happenings import Happenings

from node.links.address import BrokerAddress

LOOPBACK = "127.0.0.1"
CONNECT, SUBSCRIBE, UNSUBSCRIBE, PING = 1, 8, 10, 12
SUBSCRIBED_AT_0, REFUSED = 0, 0x80


def connack(code: int) -> bytes:
    return raw_mqtt.packet(0x20, bytes([0, code]))


@dataclass(frozen=True)
class Behaviour:
    """What a connection gets for its CONNECT, whether it is closed then, and how it is served if not."""

    answer: bytes = connack(0)
    closes: bool = False
    granted: int = SUBSCRIBED_AT_0
    answers_probes: bool = True


GOOD = Behaviour()
SILENT = Behaviour(b"")
CLOSES = Behaviour(closes=True)


def refuses(code: int) -> Behaviour:
    return Behaviour(connack(code))


@dataclass
class ScriptedBroker:
    """Behaves for each connection as the next of its script says, the last of which holds for all that follow."""

    script: Iterator[Behaviour]
    port: int = 0
    connections: Happenings = field(default_factory=Happenings)  # the client id of each
    packets: Happenings = field(default_factory=Happenings)  # (kind, body) of all that came, but for CONNECTs
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(LOOPBACK, self.port)

    def behaves(self, *behaviours: Behaviour) -> None:
        """Another script for the connections to come."""
        self.script = _endless(behaviours)

    def close_all(self) -> None:
        """End all connections, as a broker does that restarts."""
        for writer in self._writers:
            writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Say something to everybody."""
        for writer in self._writers:
            writer.write(data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, behaviour = raw_mqtt.RawClient(reader, writer), next(self.script)
        self._writers.append(writer)
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            _, connect = await client.receive()
            self.connections.add(connect[12 : 12 + int.from_bytes(connect[10:12])].decode())
            client.send(behaviour.answer)
            if behaviour.closes:
                await writer.drain()
                writer.close()
                return
            while True:
                first, body = await client.receive()
                self.packets.add((first >> 4, body))
                client.send(self._reply(first >> 4, body, behaviour))
        self._writers.remove(writer)

    def _reply(self, kind: int, body: bytes, behaviour: Behaviour) -> bytes:
        if kind == SUBSCRIBE:
            topics, rest = 0, body[2:]
            while rest:
                topics, rest = topics + 1, rest[3 + int.from_bytes(rest[:2]) :]
            return raw_mqtt.packet(0x90, body[:2] + bytes([behaviour.granted]) * topics)
        if not behaviour.answers_probes:
            return b""
        return {UNSUBSCRIBE: raw_mqtt.packet(0xB0, body[:2]), PING: raw_mqtt.packet(0xD0, b"")}.get(kind, b"")


def _endless(behaviours: tuple[Behaviour, ...]) -> Iterator[Behaviour]:
    return itertools.chain(behaviours, itertools.repeat(behaviours[-1]))


@contextlib.asynccontextmanager
async def scripted(*behaviours: Behaviour) -> AsyncIterator[ScriptedBroker]:
    """Serve by this script for the length of the context."""
    broker = ScriptedBroker(_endless(behaviours))
    server = await asyncio.start_server(broker.serve, LOOPBACK, 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        broker.close_all()
