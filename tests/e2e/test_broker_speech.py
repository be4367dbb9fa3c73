"""Speech through the broker: real nodes and mosquitto, where no direct path is wanted, possible, or worth its cost."""

from __future__ import annotations

import asyncio
import itertools
import pathlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fake_models import FakeModels
from replayed import heard_again, is_loud

from live_call import PATIENCE_S as LONG_S
from live_call import DatagramPath, KeepingSink, noise, parts, place, running
from node.call.node import Node
from node.call.observers import CallObserver
from node.links.address import BrokerAddress
from node.recording.reader import SessionReader
from node.recording.recorder import Recorder
from node.speech.pcm import FRAME_SAMPLES, silence
from node.speech.profiles import LEAN
from node.speech.sinks import NullSink
from node.speech.sources import PacedSource
from node.terminal.summary import summarise
from protocol.log import Header, Speech
from protocol.signalling import RoutePolicy
from protocol.signalling.route import HANDOVER_S, PATIENCE_S

LOUD = 1000  # of `noise()`, whose loudness swells up to 9000


class Heard(CallObserver):
    """What a node received: when, and its timestamp, which tells what was said twice or not at all."""

    def __init__(self) -> None:
        self.packets: list[tuple[float, int]] = []
        self.payloads: list[bytes] = []

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Any]) -> None:
        self.packets.append((time.monotonic(), timestamp))
        self.payloads.append(payload)


def talker(name: str, broker: BrokerAddress, models: FakeModels, **where: Any) -> tuple[Node, KeepingSink, Heard]:
    sink, heard = KeepingSink(), Heard()
    node = Node(name, place(broker, **where), parts(models, source=noise(), sink=sink))
    node.observers.add(heard)
    return node, sink, heard


def quiet() -> PacedSource:
    """A microphone before which nobody talks."""
    return PacedSource(lambda: itertools.repeat(silence(FRAME_SAMPLES)))


def routes(*nodes: Node) -> set[str]:
    return {node.route(peer) for node in nodes for peer in node.room.hellos}


@pytest.fixture
def broker(mosquitto: BrokerAddress) -> BrokerAddress:
    return mosquitto


async def test_two_who_want_the_broker_are_heard_without_a_link_and_so_is_their_recording(
    broker: BrokerAddress,
    fake_models: FakeModels,
    tmp_path: pathlib.Path,
    record_property: Callable[[str, object], None],
) -> None:
    ann, ann_sink, _ = talker("ann", broker, fake_models, route=RoutePolicy.BROKER)
    bob, bob_sink, by_bob = talker("bob", broker, fake_models, route=RoutePolicy.BROKER)
    recorder = Recorder(tmp_path / "call.mcap", Header(node=bob.id, name="bob"))
    bob.observers.add(recorder)
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: min(ann.count().speech_in.received, bob.count().speech_in.received) > 20)
        assert routes(ann, bob) == {"broker"}
        assert (ann.link(bob.id), bob.link(ann.id)) == ("up", "up")
    for node, sink in ((ann, ann_sink), (bob, bob_sink)):
        counts = node.count()
        assert sorted(counts.meter.sent) in ([], ["rtp"])
        assert not counts.meter.sent["rtp"].packets
        assert counts.meter.broker_speech_sent.packets > 20
        assert counts.speech_in.lost == counts.speech_in.bad_packets == 0
        assert counts.setup_ms is not None
        assert (abs(sink.sound()) > LOUD).any()
        assert counts.meter.broker_speech_sent.bytes < counts.meter.total("sent")
        record_property(f"{node.name} kbit/s", summarise(counts, counts, time.monotonic())["speech"]["wire_kbps"])
    recorder.stop()
    assert await asyncio.to_thread(recorder.join, LONG_S)
    with SessionReader.open(tmp_path / "call.mcap") as session:
        said = [record for record in session.records() if isinstance(record, Speech) and record.sender == ann.id]
        assert [record.timestamp for record in said] == [timestamp for _, timestamp in by_bob.packets]
        assert [record.payload for record in said] == by_bob.payloads
        again = heard_again(session, ann.id)
    blocks = range(0, len(again) - FRAME_SAMPLES, FRAME_SAMPLES)
    assert sum(is_loud(again[at : at + FRAME_SAMPLES]) for at in blocks) > 20


async def test_where_no_datagram_passes_the_broker_takes_over_and_gives_back_without_a_gap(
    broker: BrokerAddress,
    fake_models: FakeModels,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr("protocol.signalling.peer_call.DIRECT_EVERY_S", 1.0)
    monkeypatch.setattr("protocol.signalling.peer_call.CONNECT_TIMEOUT_S", 4.0)
    path = DatagramPath(is_open=False)
    ann, _, by_ann = talker("ann", broker, fake_models, observer=path)
    bob, _, by_bob = talker("bob", broker, fake_models, observer=path)
    began = time.monotonic()
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: bool(by_ann.packets and by_bob.packets))
        first_s = time.monotonic() - began
        assert routes(ann, bob) == {"broker"}
        path.is_open = True
        await nodes.until(lambda: routes(ann, bob) == {"direct"})
        await asyncio.sleep(2 * HANDOVER_S)
        path.is_open = False
        before = len(by_ann.packets)
        await nodes.until(lambda: routes(ann, bob) == {"broker"})
        await nodes.until(lambda: len(by_ann.packets) > before + 5)
    record_property("first speech after, s", round(first_s, 2))
    assert first_s < PATIENCE_S + 15  # on a busy machine; on an idle one 5.3
    for heard in (by_ann, by_bob):
        stamps = [timestamp for _, timestamp in heard.packets]
        assert len(stamps) == len(set(stamps))
        assert sorted(stamps)[0] % 5760 == sorted(stamps)[-1] % 5760
    until_cut = by_ann.packets[:before]
    steps = [(after[1] - at[1]) // 48 for at, after in itertools.pairwise(sorted(until_cut, key=lambda one: one[1]))]
    assert set(steps) == {120}  # no packet is missing where the way changed
    assert ann.count().speech_in.lost <= len(by_ann.packets)


async def test_an_older_program_is_sent_nothing_by_the_broker(broker: BrokerAddress, fake_models: FakeModels) -> None:
    path = DatagramPath(is_open=False)
    ann, _, _ = talker("ann", broker, fake_models, observer=path)
    old, _, by_old = talker("old", broker, fake_models, observer=path, route=RoutePolicy.DIRECT)
    async with running(ann, old) as nodes:
        await nodes.until(lambda: bool(ann.room.hellos and old.room.hellos))
        await asyncio.sleep(PATIENCE_S + 1)
        assert routes(ann, old) == {"none"}
    assert (by_old.packets, ann.count().meter.broker_speech_sent.packets) == ([], 0)


async def test_in_a_room_of_eight_who_talks_publishes_once(
    broker: BrokerAddress, fake_models: FakeModels, record_property: Callable[[str, object], None]
) -> None:
    """Everyone is able to talk, one talks."""
    models = fake_models
    always = replace(LEAN, dtx=False)
    talking = Node("ann", place(broker), parts(models, always, source=noise(), sink=NullSink()))
    listening = [
        Node(name, place(broker), parts(models, source=quiet(), sink=NullSink()))
        for name in ("ben", "carl", "dora", "eve", "fay", "gus", "hal")
    ]
    for node in listening:
        node.observers.add(heard := Heard())
        vars(node)["heard"] = heard
    async with running(talking, *listening) as nodes:
        await nodes.until(lambda: all(len(vars(node)["heard"].packets) > 3 for node in listening))
        received = [node.count().meter.total("received") for node in listening]
        await nodes.until(lambda: routes(talking, *listening) == {"broker"})
        await asyncio.sleep(1)
        began, before = time.monotonic(), talking.count().meter.total("sent")
        await asyncio.sleep(4)
        kbps = (talking.count().meter.total("sent") - before) * 8 / 1000 / (time.monotonic() - began)
    record_property("upload, kbit/s", round(kbps, 1))
    record_property("set-up received, kB", [round(size / 1000, 1) for size in received])
    assert kbps < 14
