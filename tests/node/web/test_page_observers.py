"""What an observer of a call, and of a recording, feeds to the page: state and audio."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from page_events import SentEvents
from PIL import Image
from sessions import HEADER
from sessions import picture as recorded

from node.captions.coder import Caption, shipped_codecs
from node.links.wire_meter import WireMeter
from node.replay.pictures import PictureReader, RecordedPicture
from node.speech.send_stream import SpeechPacket
from node.speech.sinks import NullSink
from node.vision.types import PaintedPicture
from node.web.broadcast import Broadcast
from node.web.live_rates import frame_cost
from node.web.page_observers import CallFeeder, ReplayFeeder
from node.web.replay_audio import ReplayAudio
from node.web.state import PageState
from protocol import frames
from protocol.log import Frame
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello

CODECS = shipped_codecs()

SEES = Hello(1, "bob", Carries.SPEECH_OUT | Carries.PICTURES_OUT)
BEN = Hello(0, "Ben", Carries.SPEECH_OUT | Carries.PICTURES_OUT)
IMAGE = Image.new("RGB", (8, 8), "red")
WORDS = "a man in a kitchen"
SPEECH = b"\x18" + bytes(50)
STARTED_S = HEADER.started_ns / 1e9


def picture(sequence: int, words: str = WORDS, look: bytes = b"") -> bytes:
    codec = CODECS.newest()
    return frames.encode(frames.Picture(sequence, 0, codec, CODECS.encode(words, codec).data, 0, look))


def caption(words: str = WORDS) -> Caption:
    codec = CODECS.newest()
    return Caption(words, CODECS.encode(words, codec).bits)


class CallAudio(Broadcast):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[object, ...]] = []

    def forward(self, *packet: object) -> None:
        self.heard.append(packet)


@pytest.fixture
def broadcast() -> CallAudio:
    return CallAudio()


@pytest.fixture
def feeder(state: PageState, broadcast: CallAudio) -> CallFeeder:
    state.joined("me", "ann", speaks=True, shows=True, you=True)
    return CallFeeder(state, broadcast, own="me")


async def test_a_peer_is_seen_as_his_hello_says(feeder: CallFeeder, state: PageState) -> None:
    feeder.joined("x", SEES)
    person = state.people["x"]
    assert (person.name, person.speaks, person.shows, person.present) == ("bob", True, True, True)
    assert feeder.peers == {"x"}
    feeder.left("x")
    assert not person.present
    assert feeder.peers == set()


async def test_words_come_are_painted_and_show_their_cost(
    feeder: CallFeeder, state: PageState, events: SentEvents
) -> None:
    feeder.joined("x", SEES)
    frame = picture(1, look=bytes(8))
    feeder.frame_received("x", frame, caption())
    assert state.to_json()["people"][1]["painting"]["words"] == WORDS
    feeder.painted(PaintedPicture("x", 1, WORDS, 0, IMAGE))
    await events.encoded()
    [shown] = state.to_json()["people"][1]["pictures"]
    assert shown["bits"] == CODECS.encode(WORDS, CODECS.newest()).bits + 64
    assert (shown["bytes"], shown["wire_bytes"]) == (len(frame), frame_cost(frame))
    assert shown["snapshot"] is None


async def test_your_own_pictures_are_your_snapshots_and_their_words(
    feeder: CallFeeder, state: PageState, events: SentEvents
) -> None:
    feeder.captioned(IMAGE, 1, WORDS)
    feeder.frame_sent(picture(1), caption())
    feeder.frame_sent(picture(1), caption())
    feeder.frame_sent(frames.encode(frames.Hold(1)))
    await events.encoded()
    [shown] = state.to_json()["people"][0]["pictures"]
    assert (shown["words"], shown["url"], shown["width"]) == (WORDS, None, 8)
    assert state.pictures.find(shown["snapshot"]) is not None


async def test_in_a_demo_the_true_snapshot_is_beside_the_painted_one(state: PageState, events: SentEvents) -> None:
    a, b = (CallFeeder(state, CallAudio(), own, is_seen=True) for own in "ab")
    a.joined("b", SEES)
    b.joined("a", SEES)
    a.captioned(IMAGE, 1, WORDS)
    a.frame_sent(picture(1), caption())
    b.frame_received("a", picture(1), caption())
    b.painted(PaintedPicture("a", 1, WORDS, 0, Image.new("RGB", (8, 8), "blue")))
    await events.encoded()
    [shown] = state.people["a"].to_full_json(0.0)["pictures"]
    assert shown["url"] != shown["snapshot"]
    assert None not in (shown["url"], shown["snapshot"])


async def test_speech_is_metered_and_heard(feeder: CallFeeder, state: PageState, broadcast: CallAudio) -> None:
    feeder.joined("x", SEES)
    copy = Copy(2880, SPEECH)
    feeder.speech_received("x", 5, 0, SPEECH, (copy,))
    feeder.speech_sent(SpeechPacket(SPEECH, 0, 0.0, True, 60))
    assert broadcast.heard == [("x", 5, 0, SPEECH, (copy,))]
    rates = [person["meters"]["speech_kbps"] for person in state.to_json()["people"]]
    assert rates[1] == pytest.approx(2 * rates[0], abs=0.01)
    assert rates[0] > 0


def test_what_packets_cost_besides_is_measured(feeder: CallFeeder) -> None:
    meter = WireMeter()
    assert feeder.speech_overhead(meter) is None
    feeder.speech_received("x", 5, 0, SPEECH, ())
    meter.datagram("received", b"\x80\x6f" + bytes(20 + len(SPEECH)), "127.0.0.1")
    assert feeder.speech_overhead(meter) == 22 + 28


@pytest.mark.parametrize("frame", [b"", b"\x00", frames.encode(frames.Hold(3)), picture(2)[:-3]])
async def test_what_is_no_picture_shows_none(feeder: CallFeeder, state: PageState, frame: bytes) -> None:
    feeder.frame_received("x", frame)
    assert not state.people["x"].pending


async def test_words_that_nobody_read_are_not_expected(feeder: CallFeeder, state: PageState) -> None:
    """A newer picture came before their turn: only the cost of the frame is shown."""
    feeder.frame_received("x", picture(1))
    assert not state.people["x"].pending
    assert state.people["x"].rates.read(state.clock())["total_kbps"] > 0


async def test_words_whose_bits_nobody_measured_count_in_bytes(feeder: CallFeeder, state: PageState) -> None:
    feeder.frame_received("x", picture(1, look=bytes(8)), Caption(WORDS))
    [shown] = state.people["x"].pending.values()
    assert shown.bits == 8 * len(CODECS.encode(WORDS, CODECS.newest()).data) + 64


async def test_notes_are_read(feeder: CallFeeder, state: PageState) -> None:
    feeder.noted("the broker is gone")
    CallFeeder(state, CallAudio(), "b", prefix="b: ").noted("hello")
    assert [note["text"] for note in state.to_json()["notes"]] == ["the broker is gone", "b: hello"]


# -- of a recording


class RecordedAudio(ReplayAudio):
    def __init__(self) -> None:
        super().__init__(Broadcast(), NullSink())
        self.heard: list[tuple[object, ...]] = []
        self.gone: list[str] = []
        self.seeks = 0

    def forward(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.heard.append((person, sequence, timestamp, payload, copies))

    def left(self, person: str) -> None:
        self.gone.append(person)

    def sought(self) -> None:
        self.seeks += 1


def read(record: Frame) -> RecordedPicture:
    picture = PictureReader(CODECS, (), lambda text: None).read(record)
    assert picture is not None
    return picture


@pytest.fixture
def audio() -> RecordedAudio:
    return RecordedAudio()


@pytest.fixture
def replay(state: PageState, audio: RecordedAudio) -> ReplayFeeder:
    return ReplayFeeder(state, audio, HEADER, CODECS, paints=True)


@pytest.mark.parametrize("sender", ["me", "b"])
async def test_words_are_sent_painted_and_show_what_they_cost_whoever_sent_them(
    replay: ReplayFeeder, state: PageState, events: SentEvents, sender: str
) -> None:
    record = recorded(sender, 4.5, "a cat on a bench")
    (replay.frame_sent if sender == "me" else lambda frame: replay.frame_received(sender, frame))(record.frame)
    replay.caption_read(read(record))
    assert state.to_json()["people"][0]["painting"]["words"] == "a cat on a bench"
    replay.painted(PaintedPicture(sender, 1, "a cat on a bench", 7, IMAGE))
    await events.encoded()
    [person] = state.to_json()["people"]
    [shown] = person["pictures"]
    assert (person["id"], person["screen"]) == (sender, shown["url"])
    assert (shown["words"], shown["at"]) == ("a cat on a bench", STARTED_S + 4.5)
    assert shown["bits"] == CODECS.encode("a cat on a bench", 0).bits
    assert (shown["bytes"], shown["wire_bytes"]) == (len(record.frame), frame_cost(record.frame))
    assert person["meters"]["picture_bps"] > 0


async def test_words_of_a_codec_of_another_time_are_shown_with_whole_bytes(
    replay: ReplayFeeder, state: PageState
) -> None:
    strange = frames.Picture(3, 0, 200, b"coded", 1)
    replay.caption_read(read(Frame(0, "b", frames.encode(strange), "a cat")))
    [coming] = state.people["b"].pending.values()
    assert (coming.words, coming.bits) == ("a cat", 8 * len(b"coded"))


async def test_where_nothing_paints_words_are_a_picture_by_themselves(state: PageState, audio: RecordedAudio) -> None:
    ReplayFeeder(state, audio, HEADER, CODECS, paints=False).caption_read(read(recorded("b", 1.0, "a cat")))
    [person] = state.to_json()["people"]
    assert person["painting"] is None
    assert [(shown["words"], shown["url"]) for shown in person["pictures"]] == [("a cat", None)]


async def test_a_kept_snapshot_is_beside_its_picture(
    replay: ReplayFeeder, state: PageState, events: SentEvents
) -> None:
    record = recorded("me", 1.0, "a cat")
    replay.captioned(IMAGE, 1, "a cat")
    replay.frame_sent(record.frame)
    replay.caption_read(read(record))
    replay.painted(PaintedPicture("me", 1, "a cat", 7, Image.new("RGB", (8, 8), "blue")))
    await events.encoded()
    [shown] = state.to_json()["people"][0]["pictures"]
    assert None not in (shown["url"], shown["snapshot"])


async def test_both_are_heard_and_metered(replay: ReplayFeeder, state: PageState, audio: RecordedAudio) -> None:
    copy = Copy(2880, SPEECH)
    replay.joined("b", BEN)
    replay.speech_received("b", 5, 960, SPEECH, (copy,))
    for timestamp in (0, 2880):
        replay.speech_sent(SpeechPacket(SPEECH, timestamp, 0.0, True, 60))
    assert audio.heard == [("b", 5, 960, SPEECH, (copy,)), ("me", 0, 0, SPEECH, ()), ("me", 1, 2880, SPEECH, ())]
    people = {person["id"]: person for person in state.to_json()["people"]}
    assert people["b"]["name"] == "Ben"
    assert people["me"]["meters"]["speech_kbps"] > 0
    assert people["me"]["meters"]["loss"] == 0


async def test_who_left_is_gone_and_notes_are_read(
    replay: ReplayFeeder, state: PageState, audio: RecordedAudio
) -> None:
    replay.joined("b", BEN)
    replay.left("b")
    replay.noted("b has left")
    assert not state.people["b"].present
    assert audio.gone == ["b"]
    assert [note["text"] for note in state.to_json()["notes"]] == ["b has left"]


async def test_a_seek_clears_strips_and_sound(replay: ReplayFeeder, audio: RecordedAudio, events: SentEvents) -> None:
    replay.sought()
    assert events.take() == [("cleared", {})]
    assert audio.seeks == 1


async def test_a_missing_link_and_a_member_without_a_broker_are_shown(state: PageState, broadcast: CallAudio) -> None:
    feeder = CallFeeder(state, broadcast)
    feeder.joined("b", SEES)
    feeder.link_missing("b", "UDP is blocked")
    feeder.here_by_speech("b", "bob", True)
    assert (state.people["b"].missing, state.people["b"].broker) == ("UDP is blocked", False)
    feeder.link_missing("b", None)
    feeder.here_by_speech("b", "bob", False)
    assert (state.people["b"].missing, state.people["b"].broker, state.people["b"].present) == (None, True, True)


async def test_a_member_that_only_others_hear_is_shown_until_it_is_met_or_gone(
    state: PageState, broadcast: CallAudio
) -> None:
    feeder = CallFeeder(state, broadcast)
    for peer in ("c", "d"):
        feeder.here_by_speech(peer, "carl", True)
        shown = state.people[peer]
        assert (shown.name, shown.broker, shown.speaks, shown.present) == ("carl", False, False, True)
    feeder.here_by_speech("c", "carl", False)
    assert not state.people["c"].present
    feeder.joined("d", SEES)
    feeder.here_by_speech("d", "carl", False)
    assert (state.people["d"].present, state.people["d"].broker, state.people["d"].speaks) == (True, True, True)
