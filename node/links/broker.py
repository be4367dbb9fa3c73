"""A small MQTT broker inside the node (amqtt), for demos, tests and a quick call between friends.

It speaks MQTT 3.1.1 and keeps retained messages in memory. For a room that lasts, run mosquitto.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from protocol.errors import NodeError

MAX_CONNECTIONS = 100  # a room has eight nodes; amqtt's memory grows with clients that never read


@contextlib.asynccontextmanager
async def serve(host: str, port: int, users: Mapping[str, str] | None = None) -> AsyncIterator[int]:
    """Runs the broker for the length of the context; yields the port, which the system chooses if ``port`` is 0.

    ``users`` maps names to passwords; without any, everybody may come in. Raises NodeError if the address cannot be
    listened on.
    """
    from amqtt.broker import Broker
    from amqtt.errors import BrokerError

    logging.getLogger("amqtt").setLevel(logging.CRITICAL + 1)  # it logs each refusal as if it were the node's own
    with tempfile.TemporaryDirectory(prefix="pictophone-") as folder:
        broker = Broker(_configuration(host, port, _password_file(Path(folder), users or {})))
        try:
            await broker.start()
        except BrokerError as error:
            raise NodeError(f"cannot listen on {host}:{port}: {_reason(error)}; choose another --port") from error
        try:
            yield _port(broker)
        finally:
            await broker.shutdown()


def _configuration(host: str, port: int, password_file: Path | None) -> dict[str, Any]:
    anyone = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listed = {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(password_file)}}
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}", "max_connections": MAX_CONNECTIONS}},
        "plugins": listed if password_file else anyone,
    }


def _password_file(folder: Path, users: Mapping[str, str]) -> Path | None:
    if not users:
        return None
    from pwdlib import PasswordHash  # what amqtt checks passwords with
    from pwdlib.hashers.argon2 import Argon2Hasher

    hasher = PasswordHash((Argon2Hasher(),))
    path = folder / "passwords"
    path.write_text("".join(f"{name}:{hasher.hash(password)}\n" for name, password in users.items()))
    return path


def _port(broker: Any) -> int:
    sockets = broker._servers["default"].instance.sockets  # amqtt does not tell the port it was given
    return int(sockets[0].getsockname()[1])


def _reason(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(cause, socket.gaierror) or not isinstance(cause, OSError) or cause.errno is None:
        return str(getattr(cause, "strerror", None) or error)
    return os.strerror(cause.errno).lower()  # asyncio's own text says the address once more
