"""A small MQTT broker inside the node (amqtt), for demos, tests and a quick call between friends.

It speaks MQTT 3.1.1, keeps retained messages in memory, and bounds what a client may ask for: see
`node.links.broker_limits`.
For a room that lasts, run mosquitto.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.errors import NodeError


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files that prove a broker's identity: a chain in PEM, and its key."""

    chain: Path
    key: Path


@contextlib.asynccontextmanager
async def serve(
    host: str, port: int, users: Mapping[str, str] | None = None, certificate: Certificate | None = None
) -> AsyncIterator[int]:
    """Run the broker for the length of the context; yield the port, which the system chooses if `port` is 0.

    `users` maps names to passwords; without any, no login is needed. With a certificate it speaks TLS alone.
    Raises NodeError if the address cannot be listened on or the certificate does not serve.
    """
    from amqtt.errors import BrokerError

    from node.links.bounded_broker import BoundedBroker

    logging.getLogger("amqtt").setLevel(logging.CRITICAL + 1)  # it logs each refusal as if it were the node's own
    if certificate is not None:
        _check(certificate)
    broker = BoundedBroker(configuration(host, port, certificate), users or {})
    try:
        await broker.start()
    except BrokerError as error:
        raise NodeError(f"cannot listen on {host}:{port}: {_reason(error)}; choose another --port") from error
    try:
        yield broker.port
    finally:
        await broker.shutdown()


def configuration(host: str, port: int, certificate: Certificate | None) -> dict[str, Any]:
    listener: dict[str, Any] = {"type": "tcp", "bind": f"{host}:{port}"}
    if certificate is not None:
        listener |= {"ssl": True, "certfile": str(certificate.chain), "keyfile": str(certificate.key)}
    # Who comes to amqtt has shown a login already, if one is asked for.
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    return {"listeners": {"default": listener}, "plugins": plugins}


def _check(certificate: Certificate) -> None:
    for path in (certificate.chain, certificate.key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise NodeError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate.chain,
            certificate.key,
            password="",  # a key with a passphrase is refused, not asked about
        )
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "it wants a passphrase"
        names = f"{str(certificate.chain)!r} and {str(certificate.key)!r}"
        raise NodeError(f"{names} are not a certificate and its key in PEM, without a passphrase: {reason}") from None


def _reason(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(cause, socket.gaierror) or not isinstance(cause, OSError) or cause.errno is None:
        return str(getattr(cause, "strerror", None) or error)
    return os.strerror(cause.errno).lower()  # asyncio's own text says the address once more
