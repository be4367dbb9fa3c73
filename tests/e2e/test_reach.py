"""Who cannot be reached is said: no way for speech, no broker, and no picture that the broker kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from fake_models import FakeModels
from PIL import Image
from tcp_relay import relaying

from live_call import noise, parts, place, running
from node.call.node import Node
from node.call.observers import CallObserver
from node.links.address import BrokerAddress
from node.links.bounded_broker import BoundedBroker
from node.speech.sinks import NullSink
from node.terminal.summary import failed, for_people, summarise
from protocol.signalling import RoutePolicy, liveness


class Still:
    """A camera before which nothing happens."""

    name = "still"

    async def snapshot(self) -> Image.Image:
        return Image.new("RGB", (64, 64), "red")

    async def close(self) -> None:
        """There is nothing to close."""


@dataclass
class Noted(CallObserver):
    """What a node notes, and which links it misses."""

    notes: list[str] = field(default_factory=list)
    missing: list[str | None] = field(default_factory=list)

    def noted(self, text: str) -> None:
        self.notes.append(text)

    def link_missing(self, peer: str, why: str | None) -> None:
        self.missing.append(why)

    def said(self, words: str) -> list[str]:
        return [note for note in self.notes if words in note]


def _talker(name: str, broker: BrokerAddress, models: FakeModels, **more: object) -> tuple[Node, Noted]:
    node = Node(name, place(broker, route=RoutePolicy.DIRECT, **more), parts(models, source=noise(), sink=NullSink()))
    node.observers.add(noted := Noted())
    return node, noted


@dataclass
class Udp:
    """The datagrams of a node, which are lost while it is blocked."""

    blocked: bool = True

    def observe(self, direction: str, data: bytes) -> bool:
        return not self.blocked


async def test_where_udp_is_blocked_one_line_says_so_and_another_when_it_is_not(
    embedded_broker: BrokerAddress, fake_models: FakeModels
) -> None:
    udp = Udp()
    ann, noted = _talker("ann", embedded_broker, fake_models, observer=udp.observe)
    bob, _ = _talker("bob", embedded_broker, fake_models, observer=udp.observe)
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: bool(noted.missing))
        await asyncio.sleep(1)
        (line,) = noted.said("no speech link")
        assert line.startswith("there is no speech link with bob: no path was found: nothing comes from the peer")
        assert ann.shown_peers() == ["bob (no speech link)"]
        summary = summarise(ann.count(), ann.count(), 0)
        assert failed(summary)
        assert any("speech    none with 1 of the 1 peers" in line for line in for_people(summary))
        udp.blocked = False
        await nodes.until(lambda: bool(noted.said("there is a speech link with bob now")))
        assert ann.shown_peers() == ["bob"]
        assert not failed(summarise(ann.count(), ann.count(), 0))
        assert (noted.missing[-1], len(noted.said("no speech link"))) == (None, 1)


async def test_a_member_that_loses_its_broker_says_so_and_newcomers_learn_of_it(
    embedded_broker: BrokerAddress, fake_models: FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "DOUBT_S", 1.5)
    async with relaying(embedded_broker) as relay:
        ann, at_ann = _talker("ann", embedded_broker, fake_models)
        bob, at_bob = _talker("bob", relay.address, fake_models)
        carl, at_carl = _talker("carl", embedded_broker, fake_models)
        async with running(ann, bob) as early:
            await early.until(lambda: ann.count().speech_in.received > 0 and bob.count().speech_in.received > 0)
            relay.cut()
            await early.until(lambda: bool(at_bob.said("the broker is gone")))
            await early.until(lambda: ann.shown_peers() == ["bob (no broker now)"])
            assert len(at_ann.said("bob has no broker now")) == 1
            async with running(carl) as late:
                await late.until(lambda: sorted(carl.shown_peers()) == ["ann", "bob (no broker now)"])
                assert len(at_carl.said("bob is here, too, but has no broker now")) == 1
                relay.mend()
                await late.until(lambda: sorted(carl.shown_peers()) == ["ann", "bob"])
                await late.until(lambda: ann.shown_peers() == ["bob", "carl"])
                assert len(at_ann.said("bob has its broker again")) == 1
                assert ann.count().calls_again == 0


@pytest.fixture
def keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that serves nothing retained, as RabbitMQ 3.10 does to wildcards and across its nodes."""

    async def nothing(*_: object) -> None:
        """Serve nothing."""

    monkeypatch.setattr(BoundedBroker, "_publish_retained_messages_for_subscription", nothing)


async def test_a_newcomer_sees_the_picture_that_no_broker_kept(
    keeps_nothing: None, embedded_broker: BrokerAddress, fake_models: FakeModels
) -> None:
    ann = Node("ann", place(embedded_broker), parts(fake_models, camera=Still()))
    bob = Node("bob", place(embedded_broker), parts(fake_models, paints=True))
    async with running(ann) as early:
        await early.until(lambda: ann.count().pictures_out.sent == 1)
        async with running(bob) as late:
            await late.until(lambda: bob.count().pictures_in.painted == 1)
    assert ann.count().pictures_out.sent == 1
    assert bob.count().bad_messages == 0
