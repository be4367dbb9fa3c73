"""The malicious broker is a broker: what its attacks show would be worth nothing otherwise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from attacks.broker import LOOPBACK, EvilBroker, Mail
from happenings import Happenings

from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink


@contextlib.asynccontextmanager
async def client(port: int, *patterns: str) -> AsyncIterator[tuple[MqttLink, Happenings]]:
    came, up = Happenings(), asyncio.Event()
    address = BrokerAddress(LOOPBACK, port)
    link = MqttLink(address, on_message=lambda topic, payload: came.add((topic, payload)), on_up=up.set)
    for pattern in patterns:
        await link.subscribe(pattern)
    task = asyncio.create_task(link.run())
    await up.wait()
    yield link, came
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_passes_on_keeps_and_clears_as_brokers_do() -> None:
    broker = EvilBroker()
    async with broker.serve() as port, client(port, "r/+/h", "r/a/p") as (one, came):
        one.publish(Message("r/a/h", b"hello", retain=True))
        one.publish(Message("r/a/p", bytes(300)))
        one.publish(Message("r/b/p", b"not for us"))
        one.publish(Message("r/b/h", b"other"))
        assert await came.count(3) == [("r/a/h", b"hello"), ("r/a/p", bytes(300)), ("r/b/h", b"other")]
        async with client(port, "r/+/h") as (_, late):
            assert await late.count(1) == [("r/a/h", b"hello")]
        one.publish(Message("r/a/h", b"", retain=True))
        await came.count(4)
        assert broker.retained == {}
        await one.unsubscribe("r/+/h")
        one.publish(Message("r/a/h", b"gone"))
        one.publish(Message("r/a/p", b"still"))
        assert (await came.count(5))[-1] == ("r/a/p", b"still")
    assert [mail.payload for mail in broker.of("a", "h")] == [b"hello", b"gone"]
    assert b"not for us" in broker.raw


@pytest.mark.parametrize("to_all", [False, True])
async def test_it_says_what_it_likes_to_whom_it_likes(to_all: bool) -> None:
    broker = EvilBroker(on_the_way=lambda mail: [Mail(mail.topic, mail.payload[::-1])])
    async with broker.serve() as port, client(port, "r/a/p") as (one, came):
        one.publish(Message("r/a/p", b"abc"))
        await came.count(1)
        broker.inject(Mail("r/b/p", b"forged"), to_all=to_all)
        broker.inject(Mail("r/a/p", b"last"))
        await came.until(lambda all: ("r/a/p", b"last") in all)
    assert came.all == [("r/a/p", b"cba"), *([("r/b/p", b"forged")] if to_all else []), ("r/a/p", b"last")]
