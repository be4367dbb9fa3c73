"""Speech through the broker at the channel: sealed, at once or not at all, counted, and bounded."""

from __future__ import annotations

import pytest

from node.links import speech_channel
from node.links.address import BrokerAddress
from node.links.mqtt import MqttLink
from node.links.outbox import Message
from node.links.speech_channel import BURST, EVERY_S, SpeechChannel
from node.links.wire_meter import WireMeter
from protocol.errors import NodeError, SealError
from protocol.room_secret import RoomSecret
from protocol.sealing import MAX_NUMBER
from protocol.speech.broker_bundle import Bundled
from protocol.speech_sealing import BrokerSpeech, SpeechOpener, SpeechSealer
from protocol.topics import Letter, Topic

SECRET = RoomSecret(b"a room for tests")
ROOM = SECRET.room_id()
PACKET = b"\x19" + bytes(100)


class Socket(MqttLink):
    """A link that takes messages while it has room."""

    def __init__(self, tls: bool = False) -> None:
        super().__init__(BrokerAddress("127.0.0.1", tls=tls), on_message=lambda topic, payload: None)
        self.sent: list[Message] = []
        self.has_room = True

    def send_now(self, message: Message) -> bool:
        if self.has_room:
            self.sent.append(message)
        return self.has_room


class Ends:
    """ann's channel, which has admitted bob, and what bob seals with and opens."""

    def __init__(self, tls: bool = False) -> None:
        self.now = 50.0
        self.link, self.meter = Socket(tls), WireMeter()
        self.channel = SpeechChannel(SECRET, "anna", 1, self.link, self.meter, lambda: self.now)
        self.heard: list[tuple[str, BrokerSpeech]] = []
        self.channel.deliver = lambda peer, message: self.heard.append((peer, message))
        self.channel.admit("bobb", 2, (0, 0, 0, 0))
        self.bob, self.by_bob = SpeechSealer(SECRET, "bobb", 2), SpeechOpener(SECRET)
        self.by_bob.admit("anna", 1, 0, self.now)

    def take(self, sealed: bytes) -> None:
        self.channel.receive(Topic(ROOM, "bobb", Letter.SPEECH), sealed)


def test_what_is_posted_leaves_sealed_on_our_topic_and_is_counted() -> None:
    ends = Ends()
    assert ends.channel.post(Bundled(4, PACKET, 2))
    (message,) = ends.link.sent
    assert (message.topic, message.retain) == (f"{ROOM}/anna/v", False)
    assert ends.by_bob.open(Topic(ROOM, "anna", Letter.SPEECH), message.payload, 0) == BrokerSpeech(0, 4, PACKET)
    count = ends.meter.broker_speech_sent
    assert (count.packets, count.bytes) == (2, message.size + 20 + 32)
    assert (ends.channel.sent, ends.channel.dropped, ends.channel.next) == (1, 0, 1)


def test_tls_costs_a_record() -> None:
    plain, sealed = Ends(), Ends(tls=True)
    for ends in (plain, sealed):
        ends.channel.post(Bundled(4, PACKET, 1))
    assert sealed.meter.broker_speech_sent.bytes == plain.meter.broker_speech_sent.bytes + 22


def test_what_cannot_leave_now_is_dropped_and_its_number_is_missing() -> None:
    ends = Ends()
    ends.channel.post(Bundled(0, PACKET, 1))
    ends.link.has_room = False
    assert not ends.channel.post(Bundled(2, PACKET, 1))
    ends.link.has_room = True
    ends.channel.post(Bundled(4, PACKET, 1))
    topic = Topic(ROOM, "anna", Letter.SPEECH)
    assert [ends.by_bob.open(topic, message.payload, 0).number for message in ends.link.sent] == [0, 2]
    assert (ends.channel.sent, ends.channel.dropped) == (2, 1)


def test_what_comes_is_opened_and_counted() -> None:
    ends = Ends()
    ends.take(ends.bob.seal(7, PACKET))
    assert ends.heard == [("bobb", BrokerSpeech(0, 7, PACKET))]
    assert ends.meter.broker_speech_received.packets == 1
    assert ends.meter.broker_speech_received.bytes > len(PACKET) + 52


def test_replayed_forged_and_dismissed_speech_is_refused() -> None:
    ends = Ends()
    sealed = ends.bob.seal(7, PACKET)
    ends.take(sealed)
    forged = SpeechSealer(SECRET, "carl", 2).seal(7, PACKET)
    ends.channel.dismiss("zzzz")
    for message in (sealed, forged, PACKET, b""):
        with pytest.raises(SealError):
            ends.take(message)
    ends.channel.dismiss("bobb")
    with pytest.raises(SealError, match="no peer"):
        ends.take(ends.bob.seal(9, PACKET))
    assert len(ends.heard) == 1


def test_more_than_anybody_can_say_is_refused() -> None:
    ends = Ends()
    refused = 0
    for number in range(2 * BURST):
        try:
            ends.take(ends.bob.seal(number, PACKET))
        except SealError:
            refused += 1
    assert (len(ends.heard), refused) == (BURST, BURST)
    ends.now += 10 * EVERY_S
    for number in range(10):
        ends.take(ends.bob.seal(number, PACKET))
    assert len(ends.heard) == BURST + 10


def test_a_peer_of_an_older_program_names_no_number() -> None:
    ends = Ends()
    ends.channel.admit("bobb", 2, (5, 5, 5))
    ends.take(ends.bob.seal(7, PACKET))
    assert len(ends.heard) == 1


def test_after_the_last_number_the_node_says_so() -> None:
    ends = Ends()
    ends.channel.skip(MAX_NUMBER + 1)
    with pytest.raises(NodeError, match=r"2\^32"):
        ends.channel.post(Bundled(0, PACKET, 1))
    assert speech_channel.EVERY_S < 0.06
