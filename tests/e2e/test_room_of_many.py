"""Rooms of several people: everyone hears and sees everyone, by name, and one who is too many is told so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fake_models import FakeModels
from PIL import Image

from live_call import PATIENCE_S, noise, parts, place, running
from node.call.node import Node
from node.call.observers import CallObserver
from node.links.address import BrokerAddress
from node.speech.sinks import NullSink
from protocol.errors import NodeError

pytestmark = pytest.mark.real_time

NAMES = ("ann", "ben", "carl", "dora", "eve")
COLOURS = dict(zip(NAMES, ("red", "green", "blue", "white", "black"), strict=True))
JOINED_WITHIN_S = 3.0


class Still:
    """A camera before which nothing happens."""

    def __init__(self, colour: str) -> None:
        self.name, self._seen = colour, Image.new("RGB", (64, 64), colour)

    async def snapshot(self) -> Image.Image:
        return self._seen

    async def close(self) -> None:
        """There is nothing to close."""


class Person(CallObserver):
    """A node, and whom it has heard and seen by now, by their names."""

    def __init__(self, name: str, broker: BrokerAddress, models: FakeModels) -> None:
        self.heard: set[str] = set()
        self.seen: set[str] = set()
        self._names: dict[str, str] = {}
        ends = parts(models, source=noise(), sink=NullSink(), camera=Still(COLOURS[name]), paints=True)
        self.node = Node(name, place(broker), ends)
        self.node.observers.add(self)

    def joined(self, peer: str, hello: Any) -> None:
        self._names[peer] = hello.name

    def speech_received(self, peer: str, *packet: Any) -> None:
        self.heard.add(self._names[peer])

    def painted(self, painted: Any) -> None:
        self.seen.add(self._names[painted.peer])

    def knows(self, names: set[str]) -> bool:
        others = names - {self.node.name}
        return self.heard >= others and self.seen >= others


@pytest.fixture(params=["embedded_broker", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> BrokerAddress:
    address: BrokerAddress = request.getfixturevalue(request.param)
    return address


async def test_everyone_is_heard_and_seen_soon_after_one_has_joined(
    broker: BrokerAddress, fake_models: FakeModels, record_property: Callable[[str, object], None]
) -> None:
    people = [Person(name, broker, fake_models) for name in NAMES]
    *early, late = people
    async with running(*(person.node for person in early)) as inside:
        await inside.until(lambda: all(person.knows(set(NAMES[:-1])) for person in early))
        began = time.monotonic()
        async with running(late.node) as joining:
            await joining.until(lambda: all(person.knows(set(NAMES)) for person in people))
            took_s = time.monotonic() - began
            assert [sorted(person.node.peers()) for person in people] == [
                sorted(set(NAMES) - {person.node.name}) for person in people
            ]
            assert all(person.node.count().bad_messages == 0 for person in people)
        await inside.until(lambda: all("eve" not in person.node.peers() for person in early))
    record_property("joined_s", took_s)
    print(f"everyone was heard and seen {took_s:.2f} s after the fifth came")
    assert took_s <= JOINED_WITHIN_S


async def test_the_ninth_is_told_that_the_room_is_full_and_the_others_go_on(
    broker: BrokerAddress, fake_models: FakeModels
) -> None:
    """Without speech: eight people are 28 links, which two cores need not carry for this."""
    eight = [
        Node(f"n{number}", place(broker), parts(fake_models, camera=Still("red"), paints=True)) for number in range(8)
    ]
    async with running(*eight) as inside:
        await inside.until(lambda: all(len(node.peers()) == 7 for node in eight))
        ninth = Node("carl", place(broker), parts(fake_models, paints=True))
        with pytest.raises(NodeError, match="the room is full: 8 are in it"):
            async with asyncio.timeout(PATIENCE_S):
                await ninth.run()
        assert all(len(node.peers()) == 7 and "carl" not in node.peers() for node in eight)
        assert max(node.count().bad_messages for node in eight) <= 1  # to the ninth it is full of seven of them, too
