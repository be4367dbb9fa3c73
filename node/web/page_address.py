"""The address at which the page is served: whether only this machine reaches it, and by what others do."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from node.links import network_watch
from node.links.reach import is_certainly_this_machine
from protocol.audience.audience_link import is_audience_link
from protocol.errors import UsageError
from protocol.room_link import is_link

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765
DEFAULT = f"{DEFAULT_HOST}:{DEFAULT_PORT}"
OFF = "off"

# Links that are printed: a machine has one or two networks, and a server of containers dozens.
MAX_HOSTS = 4


@dataclass(frozen=True, slots=True)
class PageAddress:
    """A host (a name or a number, IPv6 without brackets) and a port, of which 0 lets the system choose."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> PageAddress:
        """Read `HOST:PORT`, `HOST`, `:PORT` or `PORT`. Raises UsageError if it is none of these."""
        text = f":{text}" if _is_port(text) else text
        try:
            parts = urlsplit(f"//{text}")
            port = parts.port
        except ValueError:
            raise _wrong(text) from None
        if parts.netloc != text or parts.username is not None or not text or any(map(str.isspace, text)):
            raise _wrong(text)
        return cls(parts.hostname or DEFAULT_HOST, DEFAULT_PORT if port is None else port)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return is_certainly_this_machine(self.host)

    @property
    def is_everywhere(self) -> bool:
        """Whether it is the wildcard address, of all interfaces."""
        return (number := _number(self.host)) is not None and number.is_unspecified

    @property
    def is_number(self) -> bool:
        """Whether the host is an IP address."""
        return is_number(self.host)

    def at(self, port: int) -> PageAddress:
        """Return the same host with another port."""
        return PageAddress(self.host, port)

    def url(self, secure: bool = False) -> str:
        """Return the URL for a browser on this machine."""
        host = DEFAULT_HOST if self.is_everywhere else self.host
        return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}/"


def reachable_hosts(
    address: PageAddress, look: Callable[[], frozenset[str]] | None = None, usual: str | None = None
) -> list[str]:
    """Return the hosts by which the page is reached, that of the way to the internet (`usual`) first.

    Of the wildcard they are this machine's addresses (`look`) of the same kind, or loopback if it has no network.
    Link-local IPv6 addresses are left out: browsers take no scope.
    """
    if not address.is_everywhere:
        return [address.host]
    version = 6 if ":" in address.host else 4
    try:
        numbers = [ipaddress.ip_address(text) for text in (look or network_watch.present)()]
    except OSError:
        numbers = []
    fitting = [one for one in numbers if one.version == version and not one.is_link_local]
    first = usual or network_watch.outward(version)
    fitting.sort(key=lambda one: (str(one) != first, not one.is_private, one.packed))
    return [str(one) for one in fitting[:MAX_HOSTS]] or [DEFAULT_HOST if version == 4 else "::1"]


def with_default(arguments: Sequence[str], option: str = "--page") -> list[str]:
    """Return a command's arguments in which the option has a value: its own, or the default if no address follows it.

    `call --page kitchen` is a call in the kitchen; an address has a colon, or is a number (of a host, or of a port
    alone), `localhost` or `off`. The link of a room or of an audience is none, though it has a colon: an error about it
    would repeat a secret.
    """
    valued = []
    for index, argument in enumerate(arguments):
        valued.append(argument)
        following = arguments[index + 1] if index + 1 < len(arguments) else ""
        if argument == option and not _is_address(following):
            valued.append(DEFAULT)
    return valued


def _is_address(text: str) -> bool:
    if is_link(text) or is_audience_link(text):
        return False
    if text.startswith("-"):
        return False
    return ":" in text or is_number(text) or _is_port(text) or text in ("localhost", OFF)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def is_number(host: str) -> bool:
    """Return whether a host is an IP address, which no DNS server can redirect to another machine."""
    return _number(host) is not None


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _wrong(text: str) -> UsageError:
    return UsageError(f"no address to serve the page at: {text!r}; write HOST:PORT, such as {DEFAULT}")
