"""A call through a cluster of brokers, one of which is killed under a member."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from happenings import Happenings
from PIL import Image

from brokers.process import BrokerProcess
from live_call import noise, parts, place, running
from node.call.endpoints import Models
from node.call.node import Node
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.speech.sinks import NullSink

BACK_S = 5.0  # the goal: pictures and presence after a node of the cluster died


class Cameraman:
    """Sees a colour until another is wanted."""

    name = "cameraman"

    def __init__(self) -> None:
        self.colour = "black"

    async def snapshot(self) -> Image.Image:
        return Image.new("RGB", (64, 64), self.colour)

    async def close(self) -> None:
        """Nothing is held."""


def beginning_at(nodes: Sequence[BrokerProcess], first: int, websocket: bool = False) -> BrokerAddress:
    """The cluster's addresses, that of one node first."""
    every = [node.websocket if websocket else node.address for node in (*nodes[first:], *nodes[:first])]
    head, *rest = (address for address in every if address is not None)
    return replace(head, others=tuple(rest))


@dataclass
class Outlived:
    """What became of the call when the node died: seconds until the sender was back, and until its next picture."""

    back_s: float
    picture_s: float
    lost: int


async def outlives(nodes: Sequence[BrokerProcess], models: Models, kill: int = 0, late: bool = True) -> Outlived:
    """A sender at the node that is killed, a receiver at another, a late listener at a third."""
    camera, notes = Cameraman(), Happenings()
    count = len(nodes)
    sender = Node(
        "sender",
        place(beginning_at(nodes, kill)),
        parts(models, source=noise(), camera=camera),
        note=notes.add,
    )
    receiver = Node(
        "receiver", place(beginning_at(nodes, (kill + 1) % count)), parts(models, sink=NullSink(), paints=True)
    )
    async with running(sender, receiver) as call:
        await call.until(lambda: receiver.count().pictures_in.painted >= 1 and received(receiver) > 0)
        if late:
            listener = Node("late", place(beginning_at(nodes, (kill + 2) % count)), parts(models, paints=True))
            async with running(listener) as joined:  # sees what was said before it came
                await joined.until(lambda: listener.count().pictures_in.painted >= 1)
        nodes[kill].kill()
        died, heard = time.monotonic(), received(receiver)
        await call.until(lambda: sender.room.broker_returns >= 1)
        back = time.monotonic() - died
        seen, camera.colour = receiver.count().pictures_in.painted, "white"
        await call.until(lambda: receiver.count().pictures_in.painted > seen)
        picture = time.monotonic() - died
        await call.until(lambda: received(receiver) > heard + 10)  # speech goes on
        assert any("the broker answers at" in note for note in notes.all)
        assert len(receiver.room.hellos) == 1
        return Outlived(back, picture, receiver.count().speech_in.lost)


def received(node: Node) -> int:
    return node.count().speech_in.received


async def outlives_a_frozen_one(nodes: Sequence[BrokerProcess], models: Models) -> None:
    """A sender whose broker hangs moves, and is found by newcomers after the broker went on and spoke its will."""
    sender = Node("sender", place(beginning_at(nodes, 1)), parts(models, source=noise(), camera=Cameraman()))
    receiver = Node("receiver", place(beginning_at(nodes, 2)), parts(models, sink=NullSink(), paints=True))
    async with running(sender, receiver) as call:
        await call.until(lambda: receiver.count().pictures_in.painted >= 1 and received(receiver) > 0)
        nodes[1].freeze()
        sender.room.channel.link.probe()
        await call.until(lambda: sender.room.broker_returns >= 1)
        nodes[1].thaw()
        heard = received(receiver)
        await call.until(lambda: received(receiver) > heard + 20)
        listener = Node("late", place(beginning_at(nodes, 2)), parts(models, paints=True))
        async with running(listener) as joined:
            await joined.until(lambda: listener.count().pictures_in.painted >= 1)
        assert receiver.count().speech_in.lost == 0
        assert len(receiver.room.hellos) >= 1


async def will_is_spoken(nodes: Sequence[BrokerProcess]) -> None:
    """A client at one node goes without a word: at the others its presence is cleared."""
    messages, ups = Happenings(), Happenings()
    mourner = MqttLink(
        nodes[1].address,
        on_message=lambda topic, payload: messages.add((topic, payload)),
        on_up=lambda: ups.add("mourner"),
    )
    dying = MqttLink(
        nodes[0].address,
        on_message=lambda topic, payload: None,
        on_up=lambda: ups.add("dying"),
        will=Message("wills/n/h", b"", retain=True),
    )
    await mourner.subscribe("wills/+/h")
    tasks = [asyncio.create_task(link.run()) for link in (mourner, dying)]
    try:
        await ups.count(2)
        dying.publish(Message("wills/n/h", b"hello", retain=True))
        await messages.until(lambda seen: ("wills/n/h", b"hello") in seen)
        assert dying.traffic.socket is not None
        dying.traffic.socket.shutdown(2)
        await messages.until(lambda seen: ("wills/n/h", b"") in seen)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def retained(nodes: Sequence[BrokerProcess], topic: str, pattern: str, at: int = 0) -> list[bytes]:
    """What a client gets that subscribes at a node after a picture was retained at the first one."""
    messages, ups = Happenings(), Happenings()
    sender = MqttLink(nodes[0].address, on_message=lambda topic, payload: None, on_up=lambda: ups.add("sender"))
    late = MqttLink(
        nodes[at].address,
        on_message=lambda topic, payload: messages.add((topic, payload)),
        on_up=lambda: ups.add("late"),
    )
    await late.subscribe(pattern)
    await late.subscribe("end/+")
    tasks = [asyncio.create_task(sender.run())]
    try:
        await ups.count(1)
        sender.publish(Message(topic, b"a picture", retain=True))
        await sender.flush(5)
        tasks.append(asyncio.create_task(late.run()))
        await ups.count(2)
        sender.publish(Message("end/n", b""))
        await messages.until(lambda seen: ("end/n", b"") in seen)
        return [payload for where, payload in messages.all if where == topic]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
