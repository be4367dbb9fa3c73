"""A broker in an attacker's hand: MQTT 3.1.1 at QoS 0. It keeps all it hears, and says to its clients what it likes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK, _UNSUBSCRIBE, _UNSUBACK, _PINGREQ, _PINGRESP = (
    1, 2, 3, 8, 9, 10, 11, 12, 13,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mail:
    """One PUBLISH."""

    topic: str
    payload: bytes
    retain: bool = False

    @property
    def room(self) -> str:
        return self.topic.split("/")[0]

    @property
    def node(self) -> str:
        """Who says it: of a signal for one node, the last part."""
        parts = self.topic.split("/")
        return parts[3] if len(parts) > 3 else parts[1]

    @property
    def target(self) -> str | None:
        """Which node alone reads it."""
        parts = self.topic.split("/")
        return parts[1] if len(parts) > 3 else None

    @property
    def letter(self) -> str:
        return self.topic.split("/")[2]

    def packet(self) -> bytes:
        name = self.topic.encode()
        body = len(name).to_bytes(2) + name + self.payload
        return bytes([_PUBLISH << 4 | self.retain]) + _varint(len(body)) + body


Pass = Callable[[Mail], list[Mail]]
"""What becomes of a message on its way: nothing, itself, others."""


def honest(mail: Mail) -> list[Mail]:
    return [mail]


@dataclass
class EvilBroker:
    """`capture` is every message that came, `raw` every byte, and `on_the_way` what becomes of each message; those that
    it did not let pass are `held`.
    """

    on_the_way: Pass = honest
    capture: list[Mail] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    held: list[Mail] = field(default_factory=list)
    retained: dict[str, Mail] = field(default_factory=dict)
    _clients: dict[asyncio.StreamWriter, set[str]] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        """Listens on loopback for the length of the context; yields the port."""
        server = await asyncio.start_server(self._client, LOOPBACK, 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for writer in list(self._clients):
                writer.close()

    def of(self, node: str, letter: str) -> list[Mail]:
        """What a node said on a topic of its own, but for what clears."""
        return [mail for mail in self.capture if (mail.node, mail.letter) == (node, letter) and mail.payload]

    def inject(self, mail: Mail, to_all: bool = False) -> None:
        """Says something to everybody who listens to such topics, or to all, whoever is the sender."""
        packet = mail.packet()
        for writer, patterns in self._clients.items():
            if to_all or any(_matches(pattern, mail.topic) for pattern in patterns):
                writer.write(packet)

    def listeners(self, topic: str) -> list[asyncio.StreamWriter]:
        """The connections of those who listen to this topic."""
        return [writer for writer, patterns in self._clients.items() if topic in patterns]

    async def drain(self) -> None:
        """Waits until the clients have taken what was said to them."""
        for writer in list(self._clients):
            with contextlib.suppress(ConnectionError):
                await writer.drain()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients[writer] = set()
        try:
            while True:
                await self._packet(writer, *await self._read(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            del self._clients[writer]
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head, length, shift = await reader.readexactly(1), 0, 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        body = await reader.readexactly(length)
        self.raw += head + body
        return head[0], body

    async def _packet(self, writer: asyncio.StreamWriter, head: int, body: bytes) -> None:
        match head >> 4:
            case kind if kind == _CONNECT:
                writer.write(bytes([_CONNACK << 4, 2, 0, 0]))
            case kind if kind == _SUBSCRIBE:
                self._subscribe(writer, body)
            case kind if kind == _UNSUBSCRIBE:
                self._clients[writer] -= set(_topics(body, step=0))
                writer.write(bytes([_UNSUBACK << 4, 2]) + body[:2])
            case kind if kind == _PINGREQ:
                writer.write(bytes([_PINGRESP << 4, 0]))
            case kind if kind == _PUBLISH:
                length = int.from_bytes(body[:2])
                self._publish(Mail(body[2 : 2 + length].decode(), body[2 + length :], bool(head & 1)))
        await writer.drain()

    def _subscribe(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        patterns = _topics(body, step=1)
        self._clients[writer] |= set(patterns)
        writer.write(bytes([_SUBACK << 4, 2 + len(patterns)]) + body[:2] + bytes(len(patterns)))
        for mail in self.retained.values():
            if any(_matches(pattern, mail.topic) for pattern in patterns):
                writer.write(mail.packet())

    def _publish(self, mail: Mail) -> None:
        self.capture.append(mail)
        if mail.retain:
            self.retained.pop(mail.topic, None)
            if mail.payload:
                self.retained[mail.topic] = mail
        passed = self.on_the_way(mail)
        if mail not in passed:
            self.held.append(mail)
        for one in passed:
            self.inject(one)


def _topics(body: bytes, step: int) -> list[str]:
    found, at = [], 2
    while at < len(body):
        length = int.from_bytes(body[at : at + 2])
        found.append(body[at + 2 : at + 2 + length].decode())
        at += 2 + length + step
    return found


def _matches(pattern: str, topic: str) -> bool:
    one, other = pattern.split("/"), topic.split("/")
    return len(one) == len(other) and all(want in ("+", have) for want, have in zip(one, other, strict=True))


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)
