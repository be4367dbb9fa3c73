"""Where a broker is: the address that a user types. To a public one the way is TLS, unless the user says otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from node.links import server_url
from node.links.reach import is_private
from node.links.server_url import Server
from protocol.errors import NodeError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
SCHEMES = ("mqtt", "mqtts")
DEFAULT_PORT, DEFAULT_TLS_PORT = 1883, 8883


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and who we are to it. The password is never shown."""

    host: str
    port: int = DEFAULT_PORT
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    @classmethod
    def parse(cls, url: str, **overrides: str | None) -> BrokerAddress:
        """`[mqtt://|mqtts://][user:password@]host[:port]`; overrides (username, password, ca_file) win if given.

        Without a scheme it is mqtts, which is TLS, but mqtt for loopback and private addresses. Raises NodeError for
        anything else, and for a password without a user name, which MQTT 3.1.1 has no place for.
        """
        scheme, server = _split(url)
        tls = scheme == "mqtts" or (not scheme and not is_private(server.host))
        given = {key: value for key, value in overrides.items() if value is not None}
        address = cls(
            host=server.host,
            port=server.port or (DEFAULT_TLS_PORT if tls else DEFAULT_PORT),
            tls=tls,
            username=given.get("username", server.username),
            password=given.get("password", server.password),
            ca_file=given.get("ca_file"),
        )
        if address.password and not address.username:
            raise NodeError(f"a password but no user for the broker {address}: write USER@HOST, or broker_username")
        return address

    @property
    def in_the_open(self) -> bool:
        """Whether others on the way can read what goes to the broker, the password among it."""
        return not self.tls and not is_private(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def _split(url: str) -> tuple[str, Server]:
    """Return the scheme, or nothing, and the rest."""
    scheme, rest = _scheme(url)
    try:
        if scheme and scheme not in SCHEMES:
            raise ValueError("its scheme is neither mqtt nor mqtts")
        return scheme, server_url.split(rest.removesuffix("/"))
    except ValueError as error:
        shown = _without_login(url)
        raise NodeError(
            f"not a broker address: {shown!r}, {error}; write mqtt://HOST:PORT, or mqtts:// for TLS"
        ) from None


def _scheme(url: str) -> tuple[str, str]:
    """Return the scheme in small letters, or nothing; and what comes after it. A password may hold :// as well."""
    found = _SCHEME.match(url)
    return (found[1].lower(), url[found.end() :]) if found else ("", url)


def without_password(url: str) -> str:
    """Return a broker's address as it may be shown and shared: the user's name stays. It need not be a good address."""
    rest = _scheme(url)[1]
    login, at, place = rest.rpartition("@")
    user = login.partition(":")[0]
    return f"{url[: len(url) - len(rest)]}{user}{at if user else ''}{place}" if at else url


def _without_login(url: str) -> str:
    rest = _scheme(url)[1]
    _, at, place = rest.rpartition("@")
    return f"{url[: len(url) - len(rest)]}…@{place}" if at else url
