"""Which hosts only we, or our own network, can listen to."""

from __future__ import annotations

import ipaddress
from typing import Final

# RFC 1122 and 4291: what never leaves this machine.
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
# RFC 1918, 3927, 4193 and 4291: networks of a house or a company, and of one cable.
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
# RFC 6761, 6762, 8375 and ICANN's name for networks of one's own.
_PRIVATE_ENDINGS: Final = (".localhost", ".local", ".home.arpa", ".internal")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, and nobody else can reach it by this name or address."""
    return host.lower() == "localhost" or host.lower().endswith(".localhost") or _within(host, _LOOPBACK)


def is_private(host: str) -> bool:
    """Whether the way to the host stays within this machine or a private network, as far as its name tells."""
    name = host.lower().rstrip(".")
    named = ":" not in name and "." not in name  # a machine that the network at home knows by its bare name
    return named or name.endswith(_PRIVATE_ENDINGS) or _within(host, (*_LOOPBACK, *_PRIVATE))


def _within(host: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ipaddress.ip_network(network) for network in networks)
