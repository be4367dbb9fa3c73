"""STUN and TURN servers as people write them (RFC 7064 and 7065, with the login in front of the host)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from node.links import server_url
from protocol.errors import NodeError, UsageError

HOW: Final = "write stun:HOST[:PORT] or turn:USER:PASSWORD@HOST[:PORT]"
PLAIN_PORT, TLS_PORT = 3478, 5349

_SCHEME = re.compile(r"([A-Za-z]*):(?://)?")
_TRANSPORTS: Final = {"turn": ("udp", "tcp"), "turns": ("tcp",)}
# RFC 7635 has names of TURN users begin with the time at which they end: TIME:NAME.
_TIMED_LOGIN = re.compile(r"\d{9,}:[^:@]*:")


class IceServerError(UsageError, NodeError):
    """An ICE server in the settings cannot be used: a wrong use of the command (exit code 2)."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """One server. `urls` is its address without the login, as it may be shown."""

    urls: str
    kind: Literal["stun", "turn"]
    host: str
    port: int
    transport: str = "udp"
    tls: bool = False
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


def ice_server(text: str) -> IceServer:
    """Read `stun:host[:port]` or `turn[s]:user:password@host[:port][?transport=udp|tcp]`; slashes may follow the colon.

    An IPv6 address stands in brackets. Raises IceServerError, in a line without the login, for what cannot be used.
    """
    found = _SCHEME.match(text)
    rest = text[found.end() :] if found else text
    login, at, place = rest.rpartition("@")
    shown = f"{found[0] if found else ''}{'…@' if at else ''}{place}"
    try:
        return _server((found[1] if found else "").lower(), login, place)
    except ValueError as error:
        raise IceServerError(f"not an ICE server: {shown!r}, {error}; {HOW}") from None


def _server(scheme: str, login: str, place: str) -> IceServer:
    if scheme == "stuns":
        raise ValueError("STUN over TLS is not spoken here, nor needed: no secret is in it")
    if scheme not in ("stun", *_TRANSPORTS):
        raise ValueError("its scheme is none of stun, turn and turns")
    address, question, query = place.partition("?")
    if scheme == "stun" and (login or question):
        raise ValueError("a STUN server takes neither login nor transport")
    if _TIMED_LOGIN.match(f"{login}"):
        raise ValueError("its login has two colons after a time: write those within the user's name as %3A")
    server = server_url.split(f"{login}@{address}" if login else address)
    if login and (not server.username or server.password is None):
        raise ValueError("its login is not USER:PASSWORD")
    bare = f"{scheme}:{address}{question}{query}"
    if scheme == "stun":
        return IceServer(bare, "stun", server.host, server.port or PLAIN_PORT)
    tls = scheme == "turns"
    transport = _transport(scheme, query) if question else _TRANSPORTS[scheme][0]
    port = server.port or (TLS_PORT if tls else PLAIN_PORT)
    return IceServer(bare, "turn", server.host, port, transport, tls, server.username, server.password)


def _transport(scheme: str, query: str) -> str:
    key, _, value = query.partition("=")
    if key != "transport" or value not in _TRANSPORTS[scheme]:
        known = " or ".join(f"transport={transport}" for transport in _TRANSPORTS[scheme])
        raise ValueError(f"{scheme} takes ?{known} and nothing else")
    return value
