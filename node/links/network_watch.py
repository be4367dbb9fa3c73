"""The addresses of this machine, and word of each change: TCP and ICE notice one only when their time limits pass."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

from node.links.reach import is_certainly_this_machine

logger = logging.getLogger(__name__)

# Half of this passes until a change is seen, on average; reading the list takes a thread 0.2 ms.
LOOK_EVERY_S = 1.0

# Addresses of documentation (RFC 5737 and 3849): the system chooses the way to them as to any other on the internet.
# A connected UDP socket sends nothing.
_FAR_AWAY = {4: (socket.AF_INET, "192.0.2.1"), 6: (socket.AF_INET6, "2001:db8::1")}


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """Addresses that are `new` and `gone`, as text without a scope."""

    new: frozenset[str]
    gone: frozenset[str]


def present() -> frozenset[str]:
    """Return all addresses of this machine but loopback's, as text without a scope. It may block for a moment."""
    import ifaddr

    found = (ip.ip if isinstance(ip.ip, str) else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    bare = (address.partition("%")[0] for address in found)
    return frozenset(address for address in bare if not is_certainly_this_machine(address))


def outward(version: int) -> str | None:
    """Return this machine's address on its way to the internet by this version of IP, None if it has no such way."""
    family, far = _FAR_AWAY[version]
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect((far, 9))
        return str(asking.getsockname()[0])
    return None


async def watch(changed: Callable[[NetworkChange], None], look: Callable[[], frozenset[str]] = present) -> None:
    """Call `changed` for each change, until cancelled. What cannot be read, or holds nothing new, is no change."""
    before: frozenset[str] | None = None
    while True:
        try:
            now = await asyncio.to_thread(look)
        except OSError as error:
            logger.debug("cannot read this machine's addresses: %s", error)
        else:
            if before is not None and now != before:
                changed(NetworkChange(now - before, before - now))
            before = now
        await asyncio.sleep(LOOK_EVERY_S)
