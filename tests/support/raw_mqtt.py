"""MQTT 3.1.1 packets byte by byte, and a client that behaves as badly as a test wants."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

LOOPBACK = "127.0.0.1"
PATIENCE_S = 20.0
ACCEPTED, NOT_AUTHORISED = 0, 5
DISCONNECT = bytes([0xE0, 0])


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2) + data


def packet(first: int, body: bytes) -> bytes:
    length, rest = b"", len(body)
    while True:
        length += bytes([rest % 128 | (128 if rest > 127 else 0)])
        rest //= 128
        if not rest:
            return bytes([first]) + length + body


def connect(
    client: str = "", login: tuple[str, str] | None = None, keepalive: int = 0, clean: bool = True, will: str = ""
) -> bytes:
    flags = (0xC0 if login else 0) | (2 if clean else 0) | (4 if will else 0)
    body = text("MQTT") + bytes([4, flags]) + keepalive.to_bytes(2) + text(client)
    body += (text(will) + text("gone")) if will else b""
    return packet(0x10, body + b"".join(map(text, login or ())))


def publish(topic: str, payload: bytes, retain: bool = False, qos: int = 0) -> bytes:
    return packet(0x30 | qos << 1 | retain, text(topic) + (b"\0\1" if qos else b"") + payload)


def subscribe(topic: str, qos: int = 0) -> bytes:
    return packet(0x82, b"\0\1" + text(topic) + bytes([qos]))


def unsubscribe(topic: str) -> bytes:
    return packet(0xA2, b"\0\1" + text(topic))


class RawClient:
    """A socket to a broker, and what comes from it packet by packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, receive_buffer: int | None = None) -> Self:
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (LOOPBACK, port))
        return cls(*await asyncio.open_connection(sock=sock))

    @classmethod
    async def enter(cls, port: int, **login: object) -> Self:
        """A client that the broker has let in."""
        client = await cls.open(port)
        assert await client.ask(connect(**login)) == (0x20, bytes([0, ACCEPTED]))  # type: ignore[arg-type]
        return client

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def push(self, data: bytes) -> None:
        """Sends, and waits until the system has most of it."""
        self.send(data)
        await self._writer.drain()

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        self.send(data)
        return await self.receive()

    async def receive(self) -> tuple[int, bytes]:
        """The next packet: its first byte, and what comes after the length."""
        async with asyncio.timeout(PATIENCE_S):
            first, length, shift = (await self._reader.readexactly(1))[0], 0, 0
            while True:
                byte = (await self._reader.readexactly(1))[0]
                length |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return first, await self._reader.readexactly(length)

    async def ended(self) -> None:
        """Passes when the broker has ended the connection."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self._reader.read(65_536):
                    pass
            except ConnectionError:
                pass

    def end_of_file(self) -> None:
        """Sends nothing more."""
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.transport.abort()
