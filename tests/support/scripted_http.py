"""A web server or proxy on loopback that answers each request with the bytes that a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"


@dataclass
class ScriptedHttp:
    """Answers with `answer`, and then closes or stays silent; a proxy that lets through joins the two ends."""

    answer: bytes
    closes: bool = True
    lets_through: bool = False
    port: int = 0
    requests: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(request)
            writer.write(self.answer)
            if self.lets_through:
                host, _, port = request.split()[1].rpartition(":")
                await self._join(reader, writer, host, int(port))
            elif not self.closes:
                await reader.read()
        writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        there, back = await asyncio.open_connection(host, port)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(4_096):
            writer.write(data)
    writer.close()


@contextlib.asynccontextmanager
async def answering(answer: bytes, closes: bool = True, lets_through: bool = False) -> AsyncIterator[ScriptedHttp]:
    """Serve for the length of the context."""
    http = ScriptedHttp(answer, closes, lets_through)
    server = await asyncio.start_server(http.serve, LOOPBACK, 0)
    http.port = server.sockets[0].getsockname()[1]
    try:
        yield http
    finally:
        server.close()
