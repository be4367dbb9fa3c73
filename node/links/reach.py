"""Which hosts only this machine, or its own network, can listen to.

Two functions ask whether a host is this machine, since the two questions differ. Where we connect, RFC 6761 gives all
names below `.localhost` to loopback: `names_this_machine`. What lets a stranger in (a `Host` header under DNS
rebinding, an address to listen on without a password) may not rest on a name that some resolver looks up, as some do
with `a.localhost`: `is_certainly_this_machine` takes loopback's numbers and `localhost` itself alone.
"""

from __future__ import annotations

import ipaddress
from typing import Final

# RFC 1122 and 4291: what never leaves this machine.
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
# RFC 1918, 3927, 4193 and 4291: networks of a house or a company, and of one cable.
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
# RFC 6761, 6762, 8375 and ICANN's name for networks of one's own.
_PRIVATE_ENDINGS: Final = (".localhost", ".local", ".home.arpa", ".internal")


def names_this_machine(host: str) -> bool:
    """Return whether a host to connect to is this machine by RFC 6761, as names below `.localhost` are."""
    return is_certainly_this_machine(host) or host.lower().rstrip(".").endswith(".localhost")


def is_certainly_this_machine(host: str) -> bool:
    """Return whether a name or number (IPv6 with or without brackets) is this machine, whatever a resolver answers."""
    return host.lower().rstrip(".") == "localhost" or _within(host.strip("[]"), _LOOPBACK)


def is_private(host: str) -> bool:
    """Return whether the way to the host stays within this machine or a private network, as far as its name tells."""
    name = host.lower().rstrip(".")
    named = ":" not in name and "." not in name  # a machine that the network at home knows by its bare name
    return named or name.endswith(_PRIVATE_ENDINGS) or _within(host, (*_LOOPBACK, *_PRIVATE))


def _within(host: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ipaddress.ip_network(network) for network in networks)
