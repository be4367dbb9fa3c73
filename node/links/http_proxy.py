"""An HTTP proxy on the way to the broker: asked by CONNECT for a connection, through which TLS and MQTT then go."""

from __future__ import annotations

import base64
import socket
from typing import Final

from node.links import http_head, server_url
from node.links.http_head import Deadline, Head, NoWay
from node.links.server_url import Server
from protocol.errors import UsageError

DEFAULT_PORT: Final = 3128  # IANA has none for proxies; squid's is the usual one
_SCHEME: Final = "http://"


def parse(text: str) -> Server:
    """Read `[http://][USER:PASSWORD@]HOST[:PORT]`. Raises UsageError, which shows nothing of a login."""
    scheme, separator, rest = text.rpartition("://")
    try:
        if separator and scheme.lower() != "http":
            raise ValueError("it is reached by http://, whatever goes through it")
        return server_url.split(rest.removesuffix("/"))
    except ValueError as error:
        raise UsageError(
            f"the setting 'broker_proxy' is no proxy: {error}; write http://[USER:PASSWORD@]HOST:PORT"
        ) from None


def port(proxy: Server) -> int:
    """Return where the proxy listens."""
    return proxy.port or DEFAULT_PORT


def shown(proxy: Server) -> str:
    """Return the proxy as it may be shown."""
    return f"{_SCHEME}{_in_brackets(proxy.host)}:{port(proxy)}"


def tunnel(sock: socket.socket, proxy: Server, host: str, to_port: int, deadline: Deadline) -> None:
    """Ask the proxy for a connection to a host. Raises NoWay if it gives none, OSError if it fails."""
    target = f"{_in_brackets(host)}:{to_port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username is not None:
        login = f"{proxy.username}:{proxy.password or ''}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login).decode()}")
    with deadline.over(sock):
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
    head = http_head.read(sock, deadline)
    if head is None:
        raise NoWay(f"the proxy {shown(proxy)} does not answer as an HTTP proxy does: check broker_proxy")
    if not 200 <= head.status < 300:
        raise _refusal(proxy, head, target)


def _refusal(proxy: Server, head: Head, target: str) -> NoWay:
    it = f"the proxy {shown(proxy)}"
    match head.status:
        case 407:
            do = "give its login: broker_proxy = http://USER:PASSWORD@HOST:PORT"
            return NoWay(f"{it} wants {'another' if proxy.username else 'a'} login ({head}): {do}")
        case 403 | 405:
            return NoWay(f"{it} does not let us through to {target} ({head}): many let pass port 443 alone; try wss://")
        case 500 | 502 | 503 | 504:
            return NoWay(f"{it} does not get through to {target} ({head}): check --broker", final=False)
        case _:
            return NoWay(f"{it} refuses a connection to {target} ({head}): check broker_proxy, or ask who runs it")


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host
