"""The machine's addresses, and word of each change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import ifaddr
import pytest
from happenings import Happenings

from node.links import network_watch
from node.links.network_watch import NetworkChange


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_watch, "LOOK_EVERY_S", 0.0)


def adapters(*ips: object) -> list[SimpleNamespace]:
    return [SimpleNamespace(ips=[SimpleNamespace(ip=ip) for ip in ips])]


def test_addresses_are_read_without_loopback_and_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = adapters(
        "127.0.0.1", "127.3.2.1", "192.0.2.7", ("::1", 0, 0), ("fe80::1%eth0", 0, 2), ("2001:db8::1", 0, 0)
    )
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: listed)
    assert network_watch.present() == {"192.0.2.7", "fe80::1", "2001:db8::1"}


def test_this_machine_can_be_asked() -> None:
    assert all(isinstance(address, str) for address in network_watch.present())


def looks(*lists: set[str] | Exception) -> Callable[[], frozenset[str]]:
    """One list after the other; the last again and again."""
    rest: Iterator[set[str] | Exception] = iter(lists)

    def look() -> frozenset[str]:
        seen = next(rest, lists[-1])
        if isinstance(seen, Exception):
            raise seen
        return frozenset(seen)

    return look


async def changes(number: int, *lists: set[str] | Exception) -> list[NetworkChange]:
    seen = Happenings()
    watching = asyncio.create_task(network_watch.watch(seen.add, looks(*lists)))
    try:
        return list(await seen.count(number))
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_change_is_told_once() -> None:
    a, b, c = {"192.0.2.1"}, {"192.0.2.2"}, {"192.0.2.1", "192.0.2.3"}
    assert await changes(3, a, a, b, b, b, c, set()) == [
        NetworkChange(frozenset(b), frozenset(a)),
        NetworkChange(frozenset(c), frozenset(b)),
        NetworkChange(frozenset(), frozenset(c)),
    ]


async def test_a_list_that_cannot_be_read_is_no_change() -> None:
    a, b, broken = {"192.0.2.1"}, {"192.0.2.2"}, OSError(24, "Too many open files")
    assert await changes(1, broken, a, broken, a, broken, b) == [NetworkChange(frozenset(b), frozenset(a))]
