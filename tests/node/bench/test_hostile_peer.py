"""A peer that sends what takes longest to read."""

from __future__ import annotations

import pytest
from fake_models import FakeModels
from happenings import Happenings

from live_call import parts, place, running
from node.bench import hostile_peer
from node.bench.hostile_peer import MODELLED, TEXTS, HostilePeer, hostile_texts, worst_captions
from node.call.node import Node
from node.captions.coder import shipped_codecs
from node.links.address import BrokerAddress
from protocol.captions.model_codec import MAX_TOKENS
from protocol.frames import MAX_CAPTION_BYTES

CODECS = shipped_codecs()


async def test_its_pictures_come_without_end(embedded_broker: BrokerAddress, fake_models: FakeModels) -> None:
    shown = Happenings()

    async def show(painted: object) -> None:
        shown.add(painted)

    captions = [CODECS.encode(words, MODELLED).data for words in ("a cat", "a dog")]
    hostile = HostilePeer(place(embedded_broker), captions)
    victim = Node("bob", place(embedded_broker), parts(fake_models, paints=True), show=show)
    async with running(hostile, victim) as nodes:
        await nodes.until(lambda: len(shown) > 3)
        assert victim.count().bad_messages == 0
    assert hostile.sent > 3
    assert {painted.caption for painted in shown.all} == {"a cat", "a dog"}


def test_hostile_texts_are_modelled_and_fit_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile_peer, "CHOICE", 3)  # of 30 each word takes ten times as long to choose
    for text in hostile_texts(CODECS.models[2], MAX_TOKENS).values():
        data = CODECS.models[2].encode(text)[0]
        assert data[:1] != b"\xff"
        assert len(data) <= MAX_CAPTION_BYTES


def test_the_worst_are_as_long_as_they_may_be_and_none_is_like_another() -> None:
    coded = worst_captions(CODECS.models[2])
    assert len(set(coded)) == TEXTS
    assert all(len(CODECS.models[2].decode(data).split()) == MAX_TOKENS for data in coded)
