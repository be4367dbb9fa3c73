"""Stages and listeners as whole nodes, at a real broker, and what they said, played and refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from audience import SPEAKER
from fake_models import FakeModels

from live_call import CODECS, parts, place
from node.call.node import Node
from node.call.observers import CallObserver, ChatLine
from node.call.seat_membership import SeatMembership
from node.call.stage_membership import SoloMembership, StageMembership, relay_of
from node.call.stage_relay import StageRelay
from node.captions.coder import Caption
from node.links.address import BrokerAddress
from node.speech.send_stream import SpeechPacket
from node.speech.sinks import NullSink
from protocol.audience.audience_link import AudienceLink
from protocol.audience.epochs import Chain, epoch_of
from protocol.audience.seat import Seat
from protocol.rtp.red import Copy

SECRET = b"an audience's ..."[:16]


class Observed(CallObserver):
    """What crossed the wire, by whom."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.heard: dict[str, list[bytes]] = {}
        self.seen: dict[str, list[str]] = {}
        self.read: list[tuple[str, str]] = []

    def speech_sent(self, packet: SpeechPacket) -> None:
        self.sent.append(packet.payload)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.heard.setdefault(peer, []).append(payload)

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        if caption is not None:
            self.seen.setdefault(peer, []).append(caption.words)

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self.read.append((line.name, line.text))


def link(clock_s: float, since: int | None = None) -> AudienceLink:
    """The link of the tests' audience, which was made in the hour of `clock_s`."""
    return AudienceLink(epoch_of(round(clock_s * 1000)) if since is None else since, SECRET, SPEAKER.digest)


def on_stage(
    broker: BrokerAddress, clock_s: float, room: str | None = None, name: str = "ann", **ends: object
) -> tuple[Node, StageRelay, Observed]:
    """A speaker, alone or in a room, and what hands on to the audience; to be run together."""
    member = SoloMembership if room is None else StageMembership
    node = Node(name, place(broker, room or "nobody's"), parts(FakeModels(), **ends), member=member)
    chain = Chain(link(clock_s).since, SECRET)
    relay = relay_of(node, SPEAKER, chain, CODECS, broker, note=lambda text: None)
    observed = Observed()
    node.observers.add(observed)
    return node, relay, observed


def seated(
    broker: BrokerAddress, clock_s: float, wall: Callable[[], float], note: Callable[[str], None] = lambda text: None
) -> tuple[Node, SeatMembership, Observed]:
    """A listener with this clock."""
    member = partial(SeatMembership, seat=Seat(link(clock_s), round(wall() * 1000)), wall=wall)
    node = Node("listener", place(broker), parts(FakeModels(), sink=NullSink(), paints=True), member=member, note=note)
    observed = Observed()
    node.observers.add(observed)
    assert isinstance(node.room, SeatMembership)
    return node, node.room, observed
