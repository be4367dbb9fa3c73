"""Where a broker is: the address that a user types. To a public one the way is TLS, unless the user says otherwise.

Several addresses with commas between them are those of one broker's nodes: see `BrokerAddress.others`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from node.links import address_list, server_url
from node.links.reach import is_private
from node.links.server_url import Server
from protocol.errors import UsageError

MqttVersion = Literal["auto", "3.1.1", "5"]

SCHEMES: Final = ("mqtt", "mqtts", "ws", "wss")
# IANA's for MQTT, and those of HTTP, behind which its WebSockets are.
PORTS: Final = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
DEFAULT_PORT, DEFAULT_TLS_PORT = PORTS["mqtt"], PORTS["mqtts"]
# Where EMQX and NATS have MQTT, and mosquitto everywhere; RabbitMQ has it at /ws.
DEFAULT_PATH: Final = "/mqtt"

# What a request's target may hold (RFC 3986): anything else goes percent-encoded.
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+;=:@/?%-]*")


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and who we are to it. Password, headers and proxy are never shown.

    With a `path` it is reached by WebSocket. `headers` go with the request for it; `proxy` is an HTTP proxy that is
    asked for the connection. `others` are further nodes of the same broker, tried when this one fails.
    """

    host: str
    port: int = DEFAULT_PORT
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    path: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    proxy: Server | None = field(default=None, repr=False)
    version: MqttVersion = "auto"
    others: tuple[BrokerAddress, ...] = ()

    @classmethod
    def parse(cls, url: str, **overrides: str | None) -> BrokerAddress:
        """`[mqtt://|mqtts://|ws://|wss://][user:password@]host[:port][/path]`, of WebSockets alone with a path.

        Several have commas between them; those without a login have that of the first with one. Overrides (username,
        password, ca_file) win if given. Without a scheme it is mqtts, which is TLS, but mqtt for loopback and private
        addresses. Raises UsageError for anything else, and for a password without a user name, which MQTT 3.1.1 has no
        place for.
        """
        given = {key: value for key, value in overrides.items() if value is not None}
        addresses = [_parsed(text) for text in address_list.split(url)]
        named = next((address for address in addresses if address.username is not None), None)
        first, *rest = (replace(_with_login_of(named, address), **given) for address in addresses)  # type: ignore[arg-type]
        if first.password and not first.username:
            raise UsageError(f"a password but no user for the broker {first}: write USER@HOST, or broker_username")
        return replace(first, others=tuple(rest))

    def each(self) -> tuple[BrokerAddress, ...]:
        """Return this address and the others, each alone."""
        return (replace(self, others=()), *self.others)

    def equipped(self, **fields: Any) -> BrokerAddress:
        """Return it, and each of the others, with these fields."""
        return replace(self, **fields, others=tuple(replace(other, **fields) for other in self.others))

    @property
    def place(self) -> tuple[str, int, bool, bool]:
        """What tells one broker from another: host, port, whether by TLS, whether by WebSocket."""
        return self.host, self.port, self.tls, self.path is not None

    @property
    def in_the_open(self) -> bool:
        """Whether others on the way can read what goes to the broker, the password among it."""
        return not self.tls and not is_private(self.host)

    @property
    def scheme(self) -> str:
        """What the address begins with."""
        return ("wss" if self.tls else "ws") if self.path is not None else "mqtts" if self.tls else "mqtt"

    def __str__(self) -> str:
        """Return it as it may be shown: a token after a path's question mark is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path, question, _ = (self.path or "").partition("?")
        return f"{self.scheme}://{host}:{self.port}{path}{'?…' if question else ''}"


def _with_login_of(named: BrokerAddress | None, address: BrokerAddress) -> BrokerAddress:
    if named is None or address.username is not None or address.password is not None:
        return address
    return replace(address, username=named.username, password=named.password)


def _parsed(url: str) -> BrokerAddress:
    """Read one address."""
    scheme, rest = address_list.scheme(url)
    try:
        if scheme and scheme not in SCHEMES:
            raise ValueError("its scheme is none of mqtt, mqtts, ws, wss")
        place, path = _path(rest) if scheme in ("ws", "wss") else (rest.removesuffix("/"), None)
        server = server_url.split(place)
    except ValueError as error:
        shown = address_list.without_login(url)
        hint = "" if "," not in url else "; a comma within a login is written %2C"
        raise UsageError(
            f"not a broker address: {shown!r}, {error}; write mqtt://HOST:PORT, mqtts:// for TLS, or wss://HOST/PATH "
            f"for WebSockets{hint}"
        ) from None
    scheme = scheme or ("mqtt" if is_private(server.host) else "mqtts")
    tls = scheme in ("mqtts", "wss")
    return BrokerAddress(server.host, server.port or PORTS[scheme], tls, server.username, server.password, path=path)


def _path(rest: str) -> tuple[str, str]:
    """Return what is before the path of a WebSocket, and the path, which holds no @ that is not percent-encoded."""
    login, at, place = rest.rpartition("@")
    host, slash, path = place.partition("/")
    path = f"/{path}" if slash else DEFAULT_PATH
    if not _PATH.fullmatch(path):
        raise ValueError("its path has characters that no path has, unless they are percent-encoded")
    return f"{login}{at}{host}", path


def without_password(url: str) -> str:
    """Return a broker's address as it may be shown and shared: the user's name stays. It need not be a good address."""
    return address_list.without_password(url)
