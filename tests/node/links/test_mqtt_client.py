"""aiomqtt's client: messages handed on at once, and a certificate that is checked."""

from __future__ import annotations

import ssl

from node.links.address import BrokerAddress
from node.links.mqtt_client import DirectQueue, tls_context


async def test_what_is_put_in_is_taken_at_once() -> None:
    taken: list[object] = []
    queue = DirectQueue(taken.append)
    for number in range(10_000):
        queue.put_nowait(number)
    assert taken == list(range(10_000))
    assert queue.empty()


async def test_what_goes_wrong_comes_out() -> None:
    error = RuntimeError("ours")

    def take(item: object) -> None:
        raise error

    queue = DirectQueue(take)
    queue.put_nowait("x")
    assert await queue.get() is error


def test_the_certificate_is_checked() -> None:
    context = tls_context(BrokerAddress("h", tls=True))
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
