"""A stage that is live at an evil broker, an hour ago of it, and listeners who come."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from attacks.broker import LOOPBACK, EvilBroker, Mail
from attacks.victims import Slides, Words, hum, until
from node.call.endpoints import Endpoints, Rendezvous
from node.call.node import Node
from node.call.observers import CallObserver, ChatLine
from node.call.seat_membership import SeatMembership
from node.call.stage_membership import SoloMembership, relay_of
from node.call.stage_relay import StageRelay
from node.captions.coder import Caption, ThreadCoder, shipped_codecs
from node.links.address import BrokerAddress
from node.speech.profiles import LEAN
from node.speech.send_stream import SpeechPacket
from node.speech.sinks import NullSink
from node.speech.sources import PacedSource
from protocol.audience.announcement import Envelope
from protocol.audience.audience_link import AudienceLink
from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.audience.seat import Seat
from protocol.audience.signing import SpeakerKey
from protocol.room_secret import RoomSecret
from protocol.rtp.red import Copy

HOUR_S = 3600.0
# Of speech, of the hour that is over.
PAST_MESSAGES = 8


class Watcher(CallObserver):
    """What was said, or what was played, seen and read."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.played: list[bytes] = []
        self.seen: list[str] = []
        self.read: list[str] = []

    def speech_sent(self, packet: SpeechPacket) -> None:
        self.said.append(packet.payload)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.played.append(payload)

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        if caption is not None:
            self.seen.append(caption.words)

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self.read.append(line.text)


@dataclass
class Hall:
    """An audience that is live at an evil broker. Everybody there has the link; `past` is what was said an hour ago."""

    broker: EvilBroker
    port: int
    link: AudienceLink
    speaker: Node
    watcher: Watcher
    session: int
    past: Sequence[Mail]

    def topic(self, purpose: str) -> str:
        return f"{self.link.audience}/{purpose}"

    def noise(self) -> bytes:
        """An Opus packet like the speaker's, of nothing that was said."""
        return bytes((self.watcher.said[0][0] & ~3,)) + secrets.token_bytes(40)

    def keys(self) -> Keys:
        """What everybody with the link can seal with."""
        return Keys(Chain(self.link.since, self.link.secret), self.session)

    @contextlib.asynccontextmanager
    async def listener(self, ahead_s: float = 0.0, port: int = 0) -> AsyncIterator[tuple[SeatMembership, Watcher]]:
        """Let a listener come whose clock is so much ahead, by default to the broker of this hall."""
        member = partial(SeatMembership, seat=Seat(self.link, clock_ms(ahead_s)), wall=lambda: time.time() + ahead_s)
        place = Rendezvous(RoomSecret(bytes(16)), BrokerAddress(LOOPBACK, port or self.port))
        parts = Endpoints(LEAN, Words("L"), ThreadCoder(shipped_codecs()), None, NullSink(), paints=True)
        node = Node("listener", place, parts, member=member, note=lambda text: None)
        node.observers.add(watcher := Watcher())
        assert isinstance(node.room, SeatMembership)
        async with _running(node):
            await until(lambda: node.room.broker_is_up)
            yield node.room, watcher

    def is_all_the_speakers(self, watcher: Watcher) -> bool:
        return set(watcher.played) <= set(self.watcher.said)


@contextlib.asynccontextmanager
async def hall() -> AsyncIterator[Hall]:
    """Hold an hour that is over, as its announcements say, and then one that is live."""
    key, secret = SpeakerKey(secrets.token_bytes(32)), secrets.token_bytes(16)
    link = AudienceLink(epoch_of(clock_ms()) - 3, secret, key.digest)
    broker = EvilBroker()
    async with broker.serve() as port:
        node, relay, _ = _stage(key, link, port, -HOUR_S)
        async with _running(node, relay):
            await until(lambda: sum(mail.topic.endswith("/v") for mail in broker.capture) >= PAST_MESSAGES)
        past = list(broker.capture)
        broker.capture.clear()
        broker.retained.clear()
        node, relay, watcher = _stage(key, link, port, 0.0)
        async with _running(node, relay):
            await until(lambda: watcher.said and broker.retained)
            announced = next(mail for mail in broker.retained.values() if mail.topic.endswith("/a"))
            session = Envelope.parse(announced.payload).announced.session
            yield Hall(broker, port, link, node, watcher, session, past)


def _stage(key: SpeakerKey, link: AudienceLink, port: int, off_s: float) -> tuple[Node, StageRelay, Watcher]:
    address, codecs = BrokerAddress(LOOPBACK, port), shipped_codecs()
    parts = Endpoints(LEAN, Words("Ann"), ThreadCoder(codecs), PacedSource(hum), camera=Slides())
    node = Node("Ann", Rendezvous(RoomSecret(bytes(16)), address), parts, member=SoloMembership, note=lambda text: None)
    node.observers.add(watcher := Watcher())
    relay = relay_of(
        node,
        key,
        Chain(link.since, link.secret),
        codecs,
        address,
        note=lambda text: None,
        wall=lambda: time.time() + off_s,
    )
    return node, relay, watcher


@contextlib.asynccontextmanager
async def _running(*nodes: Node | StageRelay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(node.run(), name=node.name) for node in nodes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def clock_ms(ahead_s: float = 0.0) -> int:
    """Return Unix time, or so many seconds later."""
    return round((time.time() + ahead_s) * 1000)
