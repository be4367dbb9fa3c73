"""Which of a broker's addresses is tried next: those that a user names, and all that a name stands for.

An address that failed comes after those that did not, and the one that was lost after those that were not: a node whose
broker dies moves to another at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from node.common.own_thread import left_behind
from node.links.address import BrokerAddress

# A name may stand for many; a cluster has a handful, each with two.
MAX_TARGETS: Final = 32
# The system's resolver asks each server twice for 5 s; without an answer the name itself is tried.
RESOLVE_S: Final = 6.0

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Target:
    """An address, and the number of its host, None if the system or a proxy finds it."""

    address: BrokerAddress
    ip: str | None = None
    has_others: bool = False

    @property
    def host(self) -> str:
        """The number if it is known, else the name."""
        return self.ip or self.address.host

    def __str__(self) -> str:
        number = f" ({self.ip})" if self.ip not in (None, self.address.host) else ""
        return f"{self.address}{number}"


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the numbers of a host, the system's favourite first. Raises OSError if there is none."""
    found = await left_behind(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class BrokerAddresses:
    """The addresses of one broker, in rounds: each is tried once in a round."""

    def __init__(self, address: BrokerAddress, resolve: Resolve = resolve) -> None:
        self._addresses = address.each()
        self._resolve = resolve
        self._known: list[Target] = []
        self._used: dict[Target, int] = {}  # when it was tried last, in tries
        self._failed: set[Target] = set()
        self._tries = 0
        self._left: list[Target] = []

    @property
    def addresses(self) -> tuple[BrokerAddress, ...]:
        return self._addresses

    @property
    def round_is_over(self) -> bool:
        """Whether each address was tried since the round began."""
        return not self._left

    async def next(self) -> Target:
        """Return what to try now; names are looked up anew for each round."""
        if not self._left:
            await self._begin_round()
        self._left.sort(key=lambda target: (target in self._failed, self._used.get(target, 0)))
        target = self._left.pop(0)
        self._tries += 1
        self._used[target] = self._tries
        return target

    def again(self, target: Target) -> None:
        """Have a target tried at once again, in another way."""
        self._left.append(target)
        self._failed.discard(target)
        self._used[target] = -1  # before all others

    def failed(self, target: Target) -> None:
        """Put a target behind those that did not fail."""
        self._failed.add(target)

    def lost(self, target: Target) -> None:
        """Begin a new round after a connection that lasted: at once if there are other addresses, and with those."""
        self._failed.discard(target)
        self._left = [other for other in self._known if other.has_others]

    async def _begin_round(self) -> None:
        numbers = await asyncio.gather(*(self._numbers(address) for address in self._addresses))
        found = [(address, ip) for address, ips in zip(self._addresses, numbers, strict=True) for ip in ips]
        found = list(dict.fromkeys(found))[:MAX_TARGETS]
        self._known = [Target(address, ip, has_others=len(found) > 1) for address, ip in found]
        self._failed &= set(self._known)
        self._used = {target: used for target, used in self._used.items() if target in self._known}
        self._left = list(self._known)

    async def _numbers(self, address: BrokerAddress) -> Sequence[str | None]:
        """Return the numbers of an address; a proxy looks names up by itself."""
        if address.proxy is not None:
            return [None]
        try:
            async with asyncio.timeout(RESOLVE_S):
                return await self._resolve(address.host, address.port) or [None]
        except (OSError, UnicodeError, ValueError, TimeoutError):
            return [None]  # the attempt to connect says why
