"""The way of speech to and from each peer: sent by the right one, heard as one stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from node.links.peer_events import PeerEvents
from node.links.speech_routes import SpeechRoutes
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello
from protocol.speech import opus_packet
from protocol.speech.broker_bundle import Bundled
from protocol.speech_sealing import BrokerSpeech

FRAME = b"\x18" + bytes(range(40))
PACKET = opus_packet.join([FRAME, FRAME])
STEP = 5760
NOW = Carries.EVERYTHING | Carries.BROKER_SPEECH_IN


class Channel:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.posted: list[Bundled] = []
        self.skipped = 0
        self.is_up = True
        self.deliver: Any = None

    def post(self, bundled: Bundled) -> bool:
        self.posted.append(bundled)
        return True

    def skip(self, messages: int) -> None:
        self.skipped += messages


class Links:
    """Stands for the links, and for the room's own routes: `listening` are the peers to be heard at the broker."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.linked = False
        self.listening: set[str] = set()
        self.room = self.routes = self

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = (), sequence: int | None = None) -> bool:
        self.sent.append(timestamp)
        return self.linked

    def listens(self, peer: str) -> bool:
        return peer in self.listening


class Ears(PeerEvents):
    """Keeps what is notified."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int]] = []
        self.routes: list[tuple[str, str]] = []
        self.others: list[tuple[str, str]] = []

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.heard.append((peer, sequence, timestamp))

    def route_changed(self, peer: str, route: str) -> None:
        self.routes.append((peer, route))

    def joined(self, peer: str, hello: Hello) -> None:
        self.others.append(("joined", peer))

    def left(self, peer: str) -> None:
        self.others.append(("left", peer))

    def link_opened(self, peer: str) -> None:
        self.others.append(("opened", peer))

    def link_up(self, peer: str) -> None:
        self.others.append(("up", peer))

    def link_ended(self, peer: str) -> None:
        self.others.append(("ended", peer))


class Scene:
    def __init__(self, ours: Carries = NOW, theirs: Carries = NOW) -> None:
        self.channel, self.links, self.ears = Channel(), Links(), Ears()
        self.follows: list[tuple[str, bool]] = []
        self.routes = SpeechRoutes(ours, self.ears, self.channel, lambda peer, on: self.follows.append((peer, on)))  # type: ignore[arg-type]
        self.routes.peers = self.links  # type: ignore[assignment]
        self.routes.joined("bobb", Hello(1, "bob", theirs))

    def change(self, route: str, listens: bool = True) -> None:
        (self.links.listening.add if listens else self.links.listening.discard)("bobb")
        self.routes.route_changed("bobb", route)


def test_speech_goes_by_links_alone_as_long_as_no_peer_wants_it_otherwise() -> None:
    scene = Scene()
    assert not scene.routes.send(0, PACKET)
    scene.links.linked = True
    scene.change("direct", listens=False)
    assert scene.routes.send(STEP, PACKET)
    assert (scene.channel.posted, scene.follows) == ([], [])
    assert scene.routes.route("bobb") == "direct"
    assert scene.routes.route("zzzz") == "none"


def test_speech_goes_once_to_the_broker_for_all_who_want_it() -> None:
    scene = Scene()
    scene.routes.joined("carl", Hello(2, "carl", NOW))
    scene.change("broker")
    scene.routes.route_changed("carl", "broker")
    assert scene.routes.send(0, PACKET)
    assert scene.routes.send(STEP, PACKET)
    assert [bundled.time for bundled in scene.channel.posted] == [0, 2]


def test_the_broker_keeps_the_clock_of_a_call_of_a_day() -> None:
    scene = Scene()
    scene.change("direct")
    begin = 13 * 3600 * 48_000 // STEP
    for n in range(0, begin, 1000):
        scene.routes.send(n * STEP, PACKET)
    scene.change("broker")
    scene.routes.send(begin * STEP, PACKET)
    assert [bundled.time for bundled in scene.channel.posted] == [2 * begin]


def test_without_the_broker_its_way_is_none() -> None:
    scene = Scene()
    scene.channel.is_up = False
    assert not scene.routes.waits("bobb")
    scene.change("broker")
    assert (scene.routes.route("bobb"), scene.routes.waits("bobb")) == ("none", True)
    assert not scene.routes.send(0, PACKET)
    scene.channel.is_up = True
    assert (scene.routes.route("bobb"), scene.routes.waits("bobb")) == ("broker", False)
    scene.channel.is_up = False
    scene.change("direct")
    assert (scene.routes.route("bobb"), scene.routes.waits("bobb")) == ("direct", False)


def test_who_takes_no_speech_is_sent_none() -> None:
    scene = Scene(theirs=NOW & ~Carries.SPEECH_IN)
    scene.change("broker")
    assert not scene.routes.send(0, PACKET)
    silent = Scene(ours=NOW & ~Carries.SPEECH_OUT)
    silent.change("broker")
    assert not silent.routes.send(0, PACKET)
    assert scene.channel.posted == silent.channel.posted == []


def test_the_broker_is_asked_for_speech_only_of_who_talks_and_only_while_it_is_wanted() -> None:
    scene = Scene()
    scene.change("none")
    scene.change("broker")
    scene.change("direct")
    scene.change("direct", listens=False)
    assert scene.follows == [("bobb", True), ("bobb", False)]
    assert scene.ears.routes == [("bobb", "broker"), ("bobb", "direct")]
    mute = Scene(theirs=NOW & ~Carries.SPEECH_OUT)
    mute.change("broker")
    assert mute.follows == []
    scene.change("broker")
    scene.routes.left("bobb")
    assert scene.follows[-1] == ("bobb", False)


def test_both_ways_are_one_stream_and_nothing_is_heard_twice() -> None:
    scene = Scene()
    scene.change("broker")
    for n in range(3):
        scene.routes.broker_speech("bobb", BrokerSpeech(n, 2 * n, PACKET))
    scene.routes.link_opened("bobb")
    scene.routes.link_up("bobb")
    for n in range(2, 5):
        scene.routes.speech_received("bobb", 700 + n, n * STEP, PACKET, ())
    scene.routes.link_ended("bobb")
    scene.routes.link_opened("bobb")
    scene.routes.speech_received("bobb", 9, 5 * STEP, PACKET, ())
    assert scene.ears.heard == [("bobb", n, n * STEP) for n in range(6)]
    assert [what for what, _ in scene.ears.others] == ["joined", "opened", "up", "ended", "opened"]


def test_of_who_is_not_followed_nothing_is_heard_by_the_broker() -> None:
    scene = Scene()
    scene.routes.broker_speech("bobb", BrokerSpeech(0, 0, PACKET))
    scene.routes.broker_speech("zzzz", BrokerSpeech(0, 0, PACKET))
    assert scene.ears.heard == []


def test_an_older_program_keeps_the_numbers_of_its_links() -> None:
    scene = Scene(theirs=Carries.EVERYTHING)
    for link, sequence in ((1, 5), (2, 60000)):
        scene.routes.link_opened("bobb")
        scene.routes.speech_received("bobb", sequence, link * 999, PACKET, ())
    assert [heard[1] for heard in scene.ears.heard] == [5, 60000]


def test_what_was_lost_of_a_recording_is_missing_at_the_broker_too() -> None:
    scene = Scene()
    scene.change("broker")
    for sequence in (65534, 65535, 2, 3):
        scene.routes.send(sequence * STEP % 2**32, PACKET, sequence=sequence)
    assert scene.channel.skipped == 2


def test_what_is_no_packet_is_left_out() -> None:
    scene = Scene()
    scene.change("broker")
    assert scene.routes.send(0, b"")
    assert scene.channel.posted == []


def test_all_that_links_and_room_report_of_a_peer_is_passed_on_or_has_another_way() -> None:
    # These come from the broker's channel itself, to the membership.
    elsewhere = {"broker_lost", "broker_returned", "picture_received", "text_received", "word_received"}
    events = {name for name in vars(PeerEvents) if not name.startswith("_")}
    assert events - elsewhere == events & vars(SpeechRoutes).keys()


def test_speech_of_a_call_that_lasted_half_a_day_keeps_its_time_when_it_changes_its_way() -> None:
    """A time that was taken for one of before the stream's beginning would be a quarter of the wrap away."""
    scene = Scene()
    half_a_day = 13 * 3600 * 48_000 // STEP * STEP  # beyond 2^31 samples
    scene.links.linked = True
    scene.change("direct", listens=False)
    assert scene.routes.send(half_a_day, PACKET)
    scene.change("broker")
    scene.routes.send(half_a_day + STEP, PACKET)
    (bundled,) = scene.channel.posted
    assert BrokerSpeech(0, bundled.time % 2**24, b"").timestamp == half_a_day + STEP


def test_speech_after_a_long_silence_keeps_its_time() -> None:
    scene = Scene()
    scene.change("broker")
    for timestamp in (0, 30 * 3600 * 48_000 // STEP * STEP):
        scene.routes.send(timestamp, PACKET)
    times = [BrokerSpeech(0, bundled.time % 2**24, b"").timestamp for bundled in scene.channel.posted]
    assert times == [0, 30 * 3600 * 48_000 // STEP * STEP % 2**32]
