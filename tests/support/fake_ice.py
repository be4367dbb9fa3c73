"""STUN and TURN servers on loopback, as small as a test needs them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aioice import stun

LOOPBACK = "127.0.0.1"
SEEN_FROM = ("198.51.100.7", 4242)  # what these servers say that they see
REALM = "test"


@dataclass
class FakeServer(asyncio.DatagramProtocol):
    """Answers binding requests, and gives places to a user with the right password; or is silent."""

    port: int = 0
    login: tuple[str, str] | None = None
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        request = stun.parse_message(data)
        self.asked.append(request.message_method.name)
        if self.silent or self.transport is None:
            return
        reply, key = self._reply(request)
        if key is not None:
            reply.add_message_integrity(key)
        self.transport.sendto(bytes(reply), address)

    def _reply(self, request: stun.Message) -> tuple[stun.Message, bytes | None]:
        good = stun.Message(request.message_method, stun.Class.RESPONSE, request.transaction_id)
        if request.message_method is stun.Method.BINDING:
            good.attributes["XOR-MAPPED-ADDRESS"] = SEEN_FROM
            return good, None
        if "USERNAME" not in request.attributes:
            return self._unauthorised(request), None
        assert self.login is not None
        key = _key(*self.login)
        if request.attributes["USERNAME"] != self.login[0] or not request.check_message_integrity(key):
            return self._unauthorised(request), None
        good.attributes["LIFETIME"] = request.attributes.get("LIFETIME", 600)
        good.attributes["XOR-MAPPED-ADDRESS"] = SEEN_FROM
        good.attributes["XOR-RELAYED-ADDRESS"] = ("203.0.113.9", self.port)
        return good, key

    def _unauthorised(self, request: stun.Message) -> stun.Message:
        bad = stun.Message(request.message_method, stun.Class.ERROR, request.transaction_id)
        bad.attributes["ERROR-CODE"] = (401, "Unauthorized")
        bad.attributes["NONCE"] = b"once"
        bad.attributes["REALM"] = REALM
        return bad


def _key(username: str, password: str) -> bytes:
    from aioice.turn import make_integrity_key

    return make_integrity_key(username, REALM, password)


@contextlib.asynccontextmanager
async def serving(
    host: str = LOOPBACK, login: tuple[str, str] | None = None, silent: bool = False
) -> AsyncIterator[FakeServer]:
    """A server for the length of the context."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    transport, server = await loop.create_datagram_endpoint(
        lambda: FakeServer(login=login, silent=silent), local_addr=(host, 0), family=family
    )
    try:
        yield server
    finally:
        transport.close()
