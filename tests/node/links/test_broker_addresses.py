"""Which address is tried next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from node.links import broker_addresses
from node.links.address import BrokerAddress
from node.links.broker_addresses import BrokerAddresses, Target
from node.links.server_url import Server

NAMES = {"a": ["10.0.0.1"], "b": ["10.0.0.2"], "c": ["10.0.0.3"], "two": ["fd00::1", "10.0.0.4"]}


async def numbers(host: str, port: int) -> Sequence[str]:
    return NAMES[host]


def addresses(url: str) -> BrokerAddresses:
    return BrokerAddresses(BrokerAddress.parse(url), numbers)


async def hosts(those: BrokerAddresses, count: int) -> list[str]:
    return [(await those.next()).host for _ in range(count)]


async def test_they_are_tried_in_the_order_given() -> None:
    those = addresses("c,a,b")
    assert await hosts(those, 3) == ["10.0.0.3", "10.0.0.1", "10.0.0.2"]
    assert those.round_is_over


async def test_each_number_of_a_name_is_one() -> None:
    those = addresses("two,a")
    assert await hosts(those, 3) == ["fd00::1", "10.0.0.4", "10.0.0.1"]


async def test_what_failed_comes_after_what_did_not() -> None:
    those = addresses("a,b,c")
    first = await those.next()
    those.failed(first)
    second = await those.next()
    those.lost(second)
    assert await hosts(those, 3) == ["10.0.0.3", "10.0.0.2", "10.0.0.1"]


async def test_after_a_loss_another_is_tried_at_once_and_the_lost_one_last() -> None:
    those = addresses("a,b,c")
    those.lost(await those.next())
    assert not those.round_is_over
    assert await hosts(those, 3) == ["10.0.0.2", "10.0.0.3", "10.0.0.1"]
    assert those.round_is_over


async def test_one_alone_has_no_others_to_go_to() -> None:
    those = addresses("a")
    target = await those.next()
    assert not target.has_others
    those.lost(target)
    assert those.round_is_over


async def test_the_same_may_be_tried_again_before_the_others() -> None:
    those = addresses("a,b")
    first = await those.next()
    those.again(first)
    assert await those.next() == first


async def test_a_name_is_looked_up_anew_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    those = addresses("a")
    first = await those.next()
    those.failed(first)
    monkeypatch.setitem(NAMES, "a", ["10.0.9.9", "10.0.0.1"])
    assert await hosts(those, 2) == ["10.0.9.9", "10.0.0.1"]


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError(), ValueError()])
async def test_a_name_that_is_not_found_is_tried_as_it_is(error: Exception) -> None:
    async def fails(host: str, port: int) -> Sequence[str]:
        raise error

    target = await BrokerAddresses(BrokerAddress("nowhere.invalid"), fails).next()
    assert (target.ip, target.host) == (None, "nowhere.invalid")


async def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_addresses, "RESOLVE_S", 0.0)

    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    assert (await BrokerAddresses(BrokerAddress("h"), hangs).next()).ip is None


async def test_names_are_left_to_the_proxy() -> None:
    those = BrokerAddresses(BrokerAddress.parse("two").equipped(proxy=Server("p")), numbers)
    assert (await those.next()).ip is None
    assert those.round_is_over


async def test_the_system_finds_loopback() -> None:
    assert await broker_addresses.resolve("127.0.0.1", 1) == ["127.0.0.1"]


def test_a_target_is_shown_with_its_number() -> None:
    address = BrokerAddress("h")
    assert str(Target(address, "10.0.0.1")) == "mqtt://h:1883 (10.0.0.1)"
    assert str(Target(BrokerAddress("10.0.0.1"), "10.0.0.1")) == str(Target(BrokerAddress("10.0.0.1")))
