"""The broker stops for five seconds and starts again: speech does not notice, pictures come back by themselves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from PIL import Image

from live_call import LOOPBACK, noise, parts, place, running
from node.call.endpoints import Models
from node.call.node import Node
from node.links import broker
from node.links.address import BrokerAddress
from node.speech.sinks import NullSink

pytestmark = pytest.mark.real_time

OUTAGE_S = 5.0
SPEECH_PER_SECOND = 1 / 0.12


class RestlessCamera:
    """Sees another plain colour at every look."""

    name = "restless"

    def __init__(self) -> None:
        self._looks = 0

    async def snapshot(self) -> Image.Image:
        self._looks += 1
        return Image.new("RGB", (64, 64), "white" if self._looks % 2 else "black")

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_call_outlives_its_broker(free_port: Callable[[], int], fake_models: Models) -> None:
    port = free_port()
    there = place(BrokerAddress(LOOPBACK, port))
    sender = Node("sender", there, parts(fake_models, source=noise(), camera=RestlessCamera()))
    notes: list[str] = []
    receiver = Node("receiver", there, parts(fake_models, sink=NullSink(), paints=True), note=notes.append)

    def painted() -> int:
        return receiver.count().pictures_in.painted

    async with contextlib.AsyncExitStack() as brokers:
        await brokers.enter_async_context(broker.serve(LOOPBACK, port))
        async with running(sender, receiver) as nodes:
            await nodes.until(lambda: painted() >= 2 and receiver.count().speech_in.received > 0)
            await brokers.aclose()
            await nodes.until(lambda: any("broker is gone" in note for note in notes))
            before, seen = receiver.count().speech_in.received, painted()
            await asyncio.sleep(OUTAGE_S)
            during = receiver.count().speech_in
            assert during.received - before > 0.9 * OUTAGE_S * SPEECH_PER_SECOND
            assert during.lost == 0
            await brokers.enter_async_context(broker.serve(LOOPBACK, port))
            await nodes.until(lambda: painted() >= seen + 3)
            assert any("broker is back" in note for note in notes)
            assert receiver.count().speech_in.lost == 0
