"""What is seen of a call, and of a recording, gets onto the board."""

from __future__ import annotations

import pytest
from PIL import Image
from web_board import Told

from node.captions.coder import Caption, shipped_codecs
from node.links.wire_meter import WireMeter
from node.speech.send_stream import SpeechPacket
from node.vision.sender import PaintedPicture
from node.web.broadcast import Broadcast
from node.web.live_rates import frame_cost
from node.web.page_observers import CallFeeder
from node.web.state import PageState
from protocol import frames
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello

CODECS = shipped_codecs()

SEES = Hello(1, "bob", Carries.SPEECH_OUT | Carries.PICTURES_OUT)
IMAGE = Image.new("RGB", (8, 8), "red")
WORDS = "a man in a kitchen"
SPEECH = b"\x18" + bytes(50)


def picture(sequence: int, words: str = WORDS, look: bytes = b"") -> bytes:
    codec = CODECS.newest()
    return frames.encode(frames.Picture(sequence, 0, codec, CODECS.encode(words, codec).data, 0, look))


def caption(words: str = WORDS) -> Caption:
    codec = CODECS.newest()
    return Caption(words, CODECS.encode(words, codec).bits)


class Listened(Broadcast):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[object, ...]] = []

    def packet(self, *packet: object) -> None:
        self.heard.append(packet)


@pytest.fixture
def sound() -> Listened:
    return Listened()


@pytest.fixture
def onlooker(board: PageState, sound: Listened) -> CallFeeder:
    board.came("me", "ann", speaks=True, shows=True, you=True)
    return CallFeeder(board, sound, own="me")


async def test_a_peer_is_seen_as_his_hello_says(onlooker: CallFeeder, board: PageState) -> None:
    onlooker.joined("x", SEES)
    person = board.people["x"]
    assert (person.name, person.speaks, person.shows, person.here) == ("bob", True, True, True)
    assert onlooker.met == {"x"}
    onlooker.left("x")
    assert not person.here
    assert onlooker.met == set()


async def test_words_come_are_painted_and_show_their_cost(onlooker: CallFeeder, board: PageState, told: Told) -> None:
    onlooker.joined("x", SEES)
    frame = picture(1, look=bytes(8))
    onlooker.frame_came("x", frame, caption())
    assert board.state()["people"][1]["painting"]["words"] == WORDS
    onlooker.painted(PaintedPicture("x", 1, WORDS, 0, IMAGE))
    await told.developed()
    [shown] = board.state()["people"][1]["pictures"]
    assert shown["bits"] == CODECS.encode(WORDS, CODECS.newest()).bits + 64
    assert (shown["bytes"], shown["wire_bytes"]) == (len(frame), frame_cost(frame))
    assert shown["snapshot"] is None


async def test_your_own_pictures_are_your_snapshots_and_their_words(
    onlooker: CallFeeder, board: PageState, told: Told
) -> None:
    onlooker.captioned(IMAGE, 1, WORDS)
    onlooker.frame_sent(picture(1), caption())
    onlooker.frame_sent(picture(1), caption())
    onlooker.frame_sent(frames.encode(frames.Hold(1)))
    await told.developed()
    [shown] = board.state()["people"][0]["pictures"]
    assert (shown["words"], shown["url"], shown["width"]) == (WORDS, None, 8)
    assert board.album.find(shown["snapshot"]) is not None


async def test_in_a_demo_the_true_snapshot_is_beside_the_painted_one(board: PageState, told: Told) -> None:
    a, b = (CallFeeder(board, Listened(), own, is_seen=True) for own in "ab")
    a.joined("b", SEES)
    b.joined("a", SEES)
    a.captioned(IMAGE, 1, WORDS)
    a.frame_sent(picture(1), caption())
    b.frame_came("a", picture(1), caption())
    b.painted(PaintedPicture("a", 1, WORDS, 0, Image.new("RGB", (8, 8), "blue")))
    await told.developed()
    [shown] = board.people["a"].told_wholly(0.0)["pictures"]
    assert shown["url"] != shown["snapshot"]
    assert None not in (shown["url"], shown["snapshot"])


async def test_speech_is_metered_and_heard(onlooker: CallFeeder, board: PageState, sound: Listened) -> None:
    onlooker.joined("x", SEES)
    copy = Copy(2880, SPEECH)
    onlooker.speech_came("x", 5, 0, SPEECH, (copy,))
    onlooker.speech_sent(SpeechPacket(SPEECH, 0, 0.0, True, 60))
    assert sound.heard == [("x", 5, 0, SPEECH, (copy,))]
    rates = [person["meters"]["speech_kbps"] for person in board.state()["people"]]
    assert rates[1] == pytest.approx(2 * rates[0], abs=0.01)
    assert rates[0] > 0


def test_what_packets_cost_besides_is_measured(onlooker: CallFeeder) -> None:
    meter = WireMeter()
    assert onlooker.measure(meter) is None
    onlooker.speech_came("x", 5, 0, SPEECH, ())
    meter.datagram("received", b"\x80\x6f" + bytes(20 + len(SPEECH)), "127.0.0.1")
    assert onlooker.measure(meter) == 22 + 28


@pytest.mark.parametrize("frame", [b"", b"\x00", frames.encode(frames.Hold(3)), picture(2)[:-3]])
async def test_what_is_no_picture_shows_none(onlooker: CallFeeder, board: PageState, frame: bytes) -> None:
    onlooker.frame_came("x", frame)
    assert not board.people["x"].coming


async def test_words_that_nobody_read_are_not_expected(onlooker: CallFeeder, board: PageState) -> None:
    """A newer picture came before their turn: only the cost of the frame is shown."""
    onlooker.frame_came("x", picture(1))
    assert not board.people["x"].coming
    assert board.people["x"].meters.read(board.clock())["total_kbps"] > 0


async def test_words_whose_bits_nobody_measured_count_in_bytes(onlooker: CallFeeder, board: PageState) -> None:
    onlooker.frame_came("x", picture(1, look=bytes(8)), Caption(WORDS))
    [shown] = board.people["x"].coming.values()
    assert shown.bits == 8 * len(CODECS.encode(WORDS, CODECS.newest()).data) + 64


async def test_notes_are_read(onlooker: CallFeeder, board: PageState) -> None:
    onlooker.noted("the broker is gone")
    CallFeeder(board, Listened(), "b", prefix="b: ").noted("hello")
    assert [note["text"] for note in board.state()["notes"]] == ["the broker is gone", "b: hello"]
