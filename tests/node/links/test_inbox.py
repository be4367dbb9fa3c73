from __future__ import annotations

import pytest

from node.links.address import BrokerAddress
from node.links.inbox import DirectQueue
from node.links.mqtt import Message, MqttLink


async def test_what_is_put_in_is_taken_at_once() -> None:
    taken: list[object] = []
    inbox = DirectQueue(taken.append)
    for number in range(10_000):
        inbox.put_nowait(number)
    assert taken == list(range(10_000))
    assert inbox.empty()


async def test_what_goes_wrong_comes_out() -> None:
    error = RuntimeError("ours")

    def take(item: object) -> None:
        raise error

    inbox = DirectQueue(take)
    inbox.put_nowait("x")
    assert await inbox.get() is error


async def test_an_error_of_ours_ends_the_link_and_does_not_pass_for_an_outage(embedded_broker: BrokerAddress) -> None:
    def take(topic: str, payload: bytes) -> None:
        raise KeyError("ours")

    link = MqttLink(embedded_broker, on_message=take)
    await link.subscribe("a/b")
    link.publish(Message("a/b", b"x"))
    with pytest.raises(KeyError, match="ours"):
        await link.run()
