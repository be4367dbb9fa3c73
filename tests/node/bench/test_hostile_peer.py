"""A peer that sends what takes longest to read."""

from __future__ import annotations

from fake_models import FakeModels
from happenings import Happenings

from live_call import parts, place, running
from node.bench.hostile_peer import MODELLED, HostilePeer
from node.call.node import Node
from node.captions.coder import shipped_codecs
from node.links.address import BrokerAddress

CODECS = shipped_codecs()


async def test_its_pictures_come_without_end(embedded_broker: BrokerAddress, fake_models: FakeModels) -> None:
    shown = Happenings()

    async def show(painted: object) -> None:
        shown.add(painted)

    captions = [CODECS.encode(words, MODELLED).data for words in ("a cat", "a dog")]
    hostile = HostilePeer(place(embedded_broker), fake_models, captions)
    victim = Node("bob", place(embedded_broker), parts(fake_models, paints=True), show=show)
    async with running(hostile, victim) as nodes:
        await nodes.until(lambda: len(shown) > 3)
        assert victim.count().bad_messages == 0
    assert hostile.sent > 3
    assert {painted.caption for painted in shown.all} == {"a cat", "a dog"}
