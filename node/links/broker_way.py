"""The way to a broker: TCP, through a proxy if there is one, then TLS, then a WebSocket, as its address says.

It blocks: aiomqtt has a thread for it. All steps together have one time limit.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.links import http_proxy
from node.links.http_head import Deadline, NoWay

if TYPE_CHECKING:
    from node.links.address import BrokerAddress
    from node.links.broker_addresses import Target
    from node.links.websocket_transport import WebSocketTransport

# A SYN that is lost is sent again after 1 and 3 s; where another address may be tried, the second is waited for.
TCP_TIMEOUT_S: Final = 8.0
TCP_TIMEOUT_WITH_OTHERS_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class TlsState:
    """How a connection is protected: the version of TLS, and when the certificate ends (Unix time, seconds)."""

    version: str
    ends: float


def tls_state(sock: socket.socket | None) -> TlsState | None:
    """Return how a connection is protected; None if it is not, or there is none."""
    if not isinstance(sock, ssl.SSLSocket) or not (certificate := sock.getpeercert()):
        return None
    return TlsState(sock.version() or "TLS", ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def connect(target: Target, context: ssl.SSLContext | None, seconds: float) -> socket.socket | WebSocketTransport:
    """Return a connection to a broker, by TLS with a `context`.

    Raises OSError if it cannot be made, among them NoWay with a line for a person.
    """
    deadline = Deadline(seconds)
    try:
        sock = _tcp(target, deadline)
    except ValueError as error:  # of a host that is no name
        raise OSError(str(error)) from error
    try:
        return _above_tcp(sock, target.address, context, deadline)
    except BaseException:
        sock.close()
        raise


def _above_tcp(
    sock: socket.socket, address: BrokerAddress, context: ssl.SSLContext | None, deadline: Deadline
) -> socket.socket | WebSocketTransport:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.proxy is not None:
        http_proxy.tunnel(sock, address.proxy, address.host, address.port, deadline)
    if context is not None:
        sock = _secured(sock, context, address.host, deadline)
    if address.path is None:
        return sock
    from node.links.websocket_transport import WebSocketTransport  # the library takes 100 ms: few brokers need it

    try:
        return WebSocketTransport(sock, address, deadline)
    except BaseException:
        sock.close()
        raise


def _tcp(target: Target, deadline: Deadline) -> socket.socket:
    proxy = target.address.proxy
    limit = min(deadline.left(), TCP_TIMEOUT_WITH_OTHERS_S if target.has_others else TCP_TIMEOUT_S)
    if proxy is None:
        return socket.create_connection((target.ip or target.address.host, target.address.port), limit)
    try:
        return socket.create_connection((proxy.host, http_proxy.port(proxy)), limit)
    except OSError as error:
        reason = error.strerror or error
        raise NoWay(
            f"the proxy {http_proxy.shown(proxy)} is not reached: {reason}; check broker_proxy", final=False
        ) from error


def _secured(sock: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> ssl.SSLSocket:
    try:
        secured = context.wrap_socket(sock, server_hostname=host.partition("%")[0], do_handshake_on_connect=False)
    except ValueError as error:  # of a host that no certificate can name
        raise OSError(str(error)) from error
    try:
        with deadline.over(secured):
            secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured
