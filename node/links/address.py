"""Where a broker is: the address that a user types. To a public one the way is TLS, unless the user says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from node.links.reach import is_private
from protocol.errors import NodeError

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
        """``[mqtt://|mqtts://][user:password@]host[:port]``; overrides (username, password, ca_file) win if given.

        Without a scheme it is mqtts, which is TLS, but mqtt for loopback and private addresses. Raises NodeError for
        anything else.
        """
        parts, host, port = _split(url)
        tls = parts.scheme == "mqtts" or ("://" not in url and not is_private(host))
        given = {key: value for key, value in overrides.items() if value is not None}
        return cls(
            host=host,
            port=port or (DEFAULT_TLS_PORT if tls else DEFAULT_PORT),
            tls=tls,
            username=given.get("username", unquote(parts.username) if parts.username else None),
            password=given.get("password", unquote(parts.password) if parts.password else None),
            ca_file=given.get("ca_file"),
        )

    @property
    def in_the_open(self) -> bool:
        """Whether others on the way can read what goes to the broker, the password among it."""
        return not self.tls and not is_private(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def _split(url: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(url if "://" in url else f"mqtt://{url}")
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # what the resolver does first: some hosts are no names at all
        good = parts.scheme in ("mqtt", "mqtts") and host and port != 0 and parts.path in ("", "/")
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise NodeError(f"not a broker address: {_without_login(url)!r}; write mqtt://HOST:PORT, or mqtts:// for TLS")
    return parts, host, port


def without_password(url: str) -> str:
    """A broker's address as it may be shown and shared: the user's name stays. It need not be a good address."""
    login, at, rest = url.rpartition("@")
    scheme, separator, userinfo = login.rpartition("://")
    user = userinfo.partition(":")[0]
    return f"{scheme}{separator}{user}{at if user else ''}{rest}" if at else url


def _without_login(url: str) -> str:
    login, at, rest = url.rpartition("@")
    scheme, separator, _ = login.partition("://")
    return f"{scheme if separator else ''}{separator}…@{rest}" if at else url
