"""What a node on stage says and shows, handed on: as it was, by member, and dropped rather than late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from audience import CLOCK_MS, CODEBOOKS, LINK, SECRET, SINCE, SPEAKER, Listening, line, packet, picture
from live_audience import on_stage

from node.call.observers import ChatLine
from node.call.stage_relay import MOST_WAITING, StageRelay
from node.captions.coder import Caption
from node.links.address import BrokerAddress
from node.links.outbox import Message
from node.links.wire_meter import WireMeter, acknowledgement_cost
from node.speech.profiles import CLEAR, LEAN, NATURAL
from node.speech.send_stream import SpeechPacket
from node.speech.sources import PacedSource
from protocol import frames
from protocol.audience.epochs import Chain
from protocol.audience.seat import Announcing, SeenFrame
from protocol.audience.stage import Posting, Stage
from protocol.signalling import Hello


class Relay:
    """A relay on a clock that a test sets, its broker a list that a listener is given from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.sent: list[Message] = []
        self.notes: list[str] = []
        self.ups: list[bool] = []
        self.meter = WireMeter()
        stage = Stage(SPEAKER, Chain(SINCE, SECRET), ["Ann"], 5, CODEBOOKS)
        self.relay = StageRelay(
            stage,
            "aaaa",
            "Ann",
            BrokerAddress("127.0.0.1", 1),
            note=self.notes.append,
            came_up=self.ups.append,
            meter=self.meter,
            clock=lambda: self.now,
            wall=lambda: CLOCK_MS / 1000 + self.now,
        )
        self.connected, self.waiting = True, 0
        monkeypatch.setattr(type(self.relay.link), "connected", property(lambda link: self.connected))
        monkeypatch.setattr(type(self.relay.link), "waiting", property(lambda link: self.waiting))
        monkeypatch.setattr(self.relay.link, "publish", self.sent.append)
        monkeypatch.setattr(self.relay.link, "send_now", self._send_now)

    def _send_now(self, message: Message) -> bool:
        if self.connected:
            self.sent.append(message)
        return self.connected

    def speak(self, number: int) -> None:
        payload, timestamp = packet(number), number * 5760
        self.relay.speech_sent(SpeechPacket(payload, timestamp, self.now, True, 120, (), False))
        self.now += 0.12

    def listened(self) -> Listening:
        listening = Listening(LINK, CLOCK_MS)
        for message in self.sent:
            posting = Posting(message.topic, message.payload, message.retain)
            listening.receive(posting, self.now, CLOCK_MS + round(self.now * 1000))
        listening.events += listening.seat.handle_timer(self.now + 3)
        return listening


@pytest.fixture
async def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    return Relay(monkeypatch)  # type: ignore[return-value]


def typed(author: str, text: str, number: int = 0) -> tuple[ChatLine, bytes]:
    return ChatLine(author, number, author, text, 0.0, False, author), line(number, text.encode())


async def test_speech_pictures_and_lines_of_its_own_go_on(relay: Relay) -> None:
    relay.relay.frame_sent(picture(1))
    relay.relay.frame_sent(frames.encode(frames.Hold(1)))
    relay.relay.line_typed(*typed("aaaa", "hello"))
    for number in range(8):
        relay.speak(number)
    listening = relay.listened()
    assert listening.of(SeenFrame) == [SeenFrame("p", 0, picture(1)), SeenFrame("t", 0, line(0))]
    assert listening.played == [packet(number) for number in range(8)]
    counts = relay.relay.counts
    assert (counts.speech, counts.pictures, counts.lines, counts.dropped) == (4, 1, 1, 0)
    assert 8 < counts.speech_kbps < 20
    sent = relay.meter.speech("sent")
    assert (sent.packets, sent.bytes) == (8, counts.speech_bytes - 4 * acknowledgement_cost("127.0.0.1"))


async def test_members_of_its_room_are_announced_and_handed_on(relay: Relay) -> None:
    relay.relay.joined("bbbb", Hello(1, "Bob"))
    for number in range(8):
        relay.relay.speech_received("bbbb", number, number * 5760, packet(number), ())
        relay.now += 0.12
    relay.relay.speech_received("bbbb", 9, 0, b"", ())
    relay.relay.speech_received("cccc", 1, 0, packet(7), ())
    relay.relay.frame_received("bbbb", picture(1), Caption("a cat", 9))
    relay.relay.frame_received("bbbb", picture(2), None)
    relay.relay.line_typed(*typed("bbbb", "hello"))
    relay.relay.line_typed(*typed("cccc", "who is this"))
    listening = relay.listened()
    assert listening.of(Announcing)[-1].names == ("Ann", "Bob")
    assert listening.played == [packet(number) for number in range(8)]
    assert listening.of(SeenFrame) == [SeenFrame("p", 1, picture(1)), SeenFrame("t", 1, line(0))]


async def test_of_a_line_goes_on_what_is_no_matter_of_its_delivery(relay: Relay) -> None:
    said, _ = typed("aaaa", "hello")
    relay.relay.line_typed(said, frames.encode(frames.Line(9, b"hello", 0, 3, 20, 15, 12, (("bbbb", 4),))))
    (seen,) = relay.listened().of(SeenFrame)
    assert frames.decode(seen.frame) == frames.Line(9, b"hello", 0, spoken=15, after=12)


async def test_who_leaves_gives_the_place_to_the_next(relay: Relay) -> None:
    for peer, name in (("bbbb", "Bob"), ("cccc", "Cay")):
        relay.relay.joined(peer, Hello(1, name))
    relay.relay.left("bbbb")
    assert relay.listened().of(Announcing)[-1].names == ("Ann", "", "Cay")
    relay.relay.joined("dddd", Hello(1, "Dan"))
    assert relay.listened().of(Announcing)[-1].names == ("Ann", "Dan", "Cay")
    relay.relay.left("cccc")
    relay.relay.left("eeee")
    assert relay.listened().of(Announcing)[-1].names == ("Ann", "Dan")


async def test_speech_is_dropped_and_not_late_where_the_way_is_too_slow(relay: Relay) -> None:
    relay.speak(0)
    relay.waiting = MOST_WAITING + 1
    for number in range(1, 7):
        relay.speak(number)
    relay.connected, relay.waiting = False, 0
    relay.speak(7)
    assert relay.relay.counts.dropped == 4
    assert not [message for message in relay.sent if message.topic.endswith("/v")]


async def test_it_says_anew_what_is_retained_when_its_broker_is_back(relay: Relay) -> None:
    relay.relay.frame_sent(picture(1))
    relay.sent.clear()
    relay.relay._up()
    relay.relay._down("gone")
    relay.relay._up()
    assert [message.topic[-2:] for message in relay.sent] == ["/a", "p0"] * 2
    assert relay.ups == [True, False, True]
    assert len(relay.notes) == 2


async def test_a_speaker_alone_is_shown_an_audience_and_what_pictures_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    node, relay, _ = on_stage(BrokerAddress("127.0.0.1", 1), CLOCK_MS / 1000)
    sent: list[Message] = []
    monkeypatch.setattr(relay.link, "publish", sent.append)
    cost = node.room.post_picture(picture(1), retain=True)
    relay.frame_sent(picture(1))
    assert (cost, node.shown_peers()) == (relay.link.message_cost(sent[-1]), ["an audience"])


async def test_nothing_is_sent_to_an_audience_that_some_may_not_decode_well() -> None:
    node, _, _ = on_stage(BrokerAddress("127.0.0.1", 1), CLOCK_MS / 1000, source=PacedSource(lambda: iter(())))
    profiles = []
    for profile in (CLEAR, NATURAL):
        node.change(profile)
        profiles.append(node.count().profile)
    assert profiles == [CLEAR.name, LEAN.name]
