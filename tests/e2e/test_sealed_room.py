"""A sealed room at a real mosquitto, with somebody else at the same broker who hears and says what he likes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from fake_models import FakeModels
from happenings import Happenings
from PIL import Image

from live_call import PATIENCE_S, noise, parts, place, running, secret
from node.call.membership import RoomMembership
from node.call.node import Node
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.recording.recorder import Recorder
from node.speech.profiles import LEAN
from node.speech.sinks import NullSink
from node.terminal.summary import as_json, for_people, summarise
from node.web.page import Page
from node.web.page_address import PageAddress
from node.web.server import serve
from protocol import sealing
from protocol.log import Header
from protocol.log.sealing import recording_secret
from protocol.signalling.liveness import DOUBT_S

SECRET = secret("a test")
ROOM = SECRET.room_id()
NAMES = ("Wilhelmina", "Bartholomew")


class Eve:
    """A client of the broker, without the secret, who keeps all that is said in the room."""

    def __init__(self, broker: BrokerAddress) -> None:
        self.heard, self._up = Happenings(), asyncio.Event()
        self.link = MqttLink(broker, on_message=self._hear, on_up=self._up.set)

    def _hear(self, topic: str, payload: bytes) -> None:
        self.heard.add((topic, payload))

    def of(self, letter: str) -> list[tuple[str, bytes]]:
        return [(topic, payload) for topic, payload in self.heard.all if letter in topic.split("/")[2:] and payload]

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[Eve]:
        await self.link.subscribe("#")
        task = asyncio.create_task(self.link.run())
        await self._up.wait()
        yield self
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Camera:
    name = "camera"

    async def snapshot(self) -> Image.Image:
        return Image.new("RGB", (64, 64), "red")

    async def close(self) -> None:
        pass


def _node(
    broker: BrokerAddress, name: str, notes: Happenings, speaks: bool = True, seen: Happenings | None = None
) -> Node:
    async def show(painted: object) -> None:
        if seen is not None:
            seen.add(painted)

    ends = {"source": noise(), "sink": NullSink()} if speaks else {}
    return Node(
        name, place(broker), parts(FakeModels(), camera=Camera(), paints=True, **ends), show=show, note=notes.add
    )


def _parts_of(room: RoomMembership) -> Iterator[object]:
    """The room, its channel, and all that this is made of."""
    yield room
    yield room.channel
    yield from vars(room.channel).values()


async def test_a_whole_capture_and_all_logs_hold_no_caption_description_name_or_secret(
    mosquitto: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    notes, seen = Happenings(), Happenings()
    one, other = (_node(mosquitto, name, notes, seen=seen) for name in NAMES)
    async with Eve(mosquitto).there() as eve:
        async with running(one, other) as nodes:
            await nodes.until(lambda: len(seen) >= 2 and one.count().speech_in.received > 3)
            shown = "".join(map(repr, _parts_of(one.room)))
        await eve.heard.until(lambda _: len(eve.of("h")) >= 2 and len(eve.of("s")) >= 2 and len(eve.of("p")) >= 2)
    captions = {painted.caption.encode() for painted in seen.all}
    names = {name.encode() for name in NAMES}
    keys = {SECRET.reveal(), SECRET.reveal().hex().encode()}
    capture = b"".join(topic.encode() + payload for topic, payload in eve.heard.all)
    for word in captions | names | keys | {b"v=0", b"fingerprint", b"candidate", b"ice-ufrag"}:
        assert word not in capture
    logged = caplog.text.encode() + shown.encode()
    for word in captions | keys:
        assert word not in logged
    assert captions


async def test_a_hello_that_was_kept_does_not_bring_anybody_back(mosquitto: BrokerAddress) -> None:
    notes, again = Happenings(), Happenings()
    async with Eve(mosquitto).there() as eve:
        async with running(*(_node(mosquitto, name, notes, speaks=False) for name in NAMES)):
            await notes.until(lambda lines: len([line for line in lines if line.endswith("is here")]) == 2)
            await eve.heard.until(lambda _: len(eve.of("p")) >= 2)
            kept = dict(eve.of("h") + eve.of("p")).items()  # the newest of each topic, and no goodbye
        assert len(kept) == 4
        heard = len(eve.heard)
        for topic, payload in kept:
            eve.link.publish(Message(topic, payload, retain=True))
        await eve.heard.count(heard + len(kept))
        hellos = len(eve.of("h"))
        newcomer = _node(mosquitto, NAMES[0], again, speaks=False)
        async with running(newcomer) as nodes:
            await nodes.until(lambda: len(eve.of("h")) > hellos)
            for topic, payload in kept:
                eve.link.publish(Message(topic, payload))
            async with running(_node(mosquitto, "Third", Happenings(), speaks=False)):
                await again.until(lambda lines: "Third is here" in lines)
        for topic, _ in kept:
            eve.link.publish(Message(topic, b"", retain=True))
        await eve.link.flush(5)
    assert [line for line in again.all if line.endswith("here")] == ["Third is here"]
    assert newcomer.count().pictures_in.received <= 1


async def test_a_crash_is_told_by_the_last_will_and_a_forged_one_is_not_believed(mosquitto: BrokerAddress) -> None:
    notes = Happenings()
    watcher, other = (_node(mosquitto, name, notes, speaks=False) for name in NAMES)
    async with Eve(mosquitto).there() as eve, running(watcher) as nodes:
        task = asyncio.create_task(other.run())
        await nodes.until(lambda: watcher.peers() == [NAMES[1]])
        eve.link.publish(Message(f"{ROOM}/{other.id}/h", b"", retain=True))
        hellos = len(eve.of("h"))
        await eve.heard.until(lambda _: [topic for topic, _ in eve.of("h")[hellos:]].count(f"{ROOM}/{other.id}/h") >= 1)
        await nodes.until(lambda: not watcher.room.peers.room.liveness.asked)
        assert watcher.peers() == [NAMES[1]]
        client = other.room.channel.link._client
        assert client is not None
        client._client.socket().shutdown(2)  # type: ignore[union-attr]
        other.room.channel.link._new_client = lambda: (_ for _ in ()).throw(OSError)  # type: ignore[assignment, method-assign]
        await nodes.until(lambda: watcher.peers() == [], patience_s=DOUBT_S + 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert f"{NAMES[1]} has left" in notes.all


async def test_metrics_summaries_logs_and_a_sealed_recording_hold_no_caption_name_or_secret(
    mosquitto: BrokerAddress, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """With a page and a recorder looking on, which are handed every word."""
    caplog.set_level(logging.DEBUG)
    seen = Happenings()
    one, other = (_node(mosquitto, name, Happenings(), seen=seen) for name in NAMES)
    page = Page("call", PageAddress("127.0.0.1", 0), LEAN)
    page.watch(one)
    recorder = Recorder(tmp_path / "call.mcap", _header(one), secret=recording_secret(SECRET))
    one.observers.add(recorder)
    async with serve(page) as link, running(one, other) as nodes, aiohttp.ClientSession() as browser:
        await nodes.until(lambda: len(seen) >= 2 and one.count().speech_in.received > 3)
        async with browser.get(f"{link}metrics") as answer:
            metrics = await answer.read()
        board = str(page.state.to_json())
    recorder.stop()
    assert recorder.join(PATIENCE_S)
    summaries = [summarise(node.count(), node.count(), time.monotonic()) for node in (one, other)]
    told = "".join(as_json(summary) + "".join(for_people(summary)) for summary in summaries)
    captions = {painted.caption for painted in seen.all}
    assert all(caption in board for caption in captions)  # the page did look on
    assert b"pictophone_pictures_total" in metrics
    places = {"metrics": metrics, "summary": told.encode(), "recording": recorder.path.read_bytes()}
    keys = [SECRET.reveal(), SECRET.reveal().hex().encode()]
    for where, text in places.items():
        for word in [caption.encode() for caption in captions] + [name.encode() for name in NAMES] + keys:
            assert word not in text, where
    for word in captions | {SECRET.reveal().hex()}:
        assert word not in caplog.text


def _header(node: Node) -> Header:
    return Header(node=node.id, name=NAMES[0], program="pictophone")


async def test_restarted_nodes_use_no_nonce_twice(mosquitto: BrokerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[bytes, bytes]] = []
    cipher = sealing.AESCCM

    class Recording:
        def __init__(self, key: bytes, tag_length: int) -> None:
            self._key, self._cipher = key, cipher(key, tag_length)

        def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            used.append((self._key, nonce))
            return self._cipher.encrypt(nonce, data, bound)

        def decrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            return self._cipher.decrypt(nonce, data, bound)

    monkeypatch.setattr(sealing, "AESCCM", Recording)
    keys_before = 0
    for _ in range(3):
        one, other = (_node(mosquitto, name, Happenings()) for name in NAMES)
        async with running(one, other) as nodes:
            await nodes.until(
                lambda one=one, other=other: all(  # type: ignore[misc]
                    node.count().pictures_in.painted and node.count().speech_in.received for node in (one, other)
                )
            )
        keys = {key for key, _ in used}
        assert len(keys) >= keys_before + 6  # hellos, signals and pictures of two
        keys_before = len(keys)
    assert len(used) > len({key for key, _ in used})  # keys are used more than once, each time with another number
    assert len(used) == len(set(used))
