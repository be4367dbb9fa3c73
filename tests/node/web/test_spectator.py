"""What is seen of a recording: the node that recorded is a person like the others, and words are the recorded ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PIL import Image
from sessions import HEADER, picture
from web_board import Told as Events

from node.captions.coder import shipped_codecs
from node.replay.pictures import PictureReader, RecordedPicture
from node.speech.send_stream import SpeechPacket
from node.speech.sinks import NullSink
from node.vision.sender import PaintedPicture
from node.web.broadcast import Broadcast
from node.web.live_rates import frame_cost
from node.web.replay_audio import ReplayAudio
from node.web.spectator import ReplayFeeder
from node.web.state import PageState
from protocol import frames
from protocol.log import Frame
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello

CODECS = shipped_codecs()

BEN = Hello(0, "Ben", Carries.SPEECH_OUT | Carries.PICTURES_OUT)
IMAGE = Image.new("RGB", (8, 8), "red")
SPEECH = b"\x18" + bytes(50)
STARTED_S = HEADER.started_ns / 1e9


class Listened(ReplayAudio):
    def __init__(self) -> None:
        super().__init__(Broadcast(), NullSink())
        self.heard: list[tuple[object, ...]] = []
        self.gone: list[str] = []
        self.seeks = 0

    def packet(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.heard.append((person, sequence, timestamp, payload, copies))

    def left(self, person: str) -> None:
        self.gone.append(person)

    def sought(self) -> None:
        self.seeks += 1


def read(record: Frame) -> RecordedPicture:
    told = PictureReader(CODECS, (), lambda text: None).read(record)
    assert told is not None
    return told


@pytest.fixture
def soundtrack() -> Listened:
    return Listened()


@pytest.fixture
def spectator(board: PageState, soundtrack: Listened) -> ReplayFeeder:
    return ReplayFeeder(board, soundtrack, HEADER, CODECS, paints=True)


@pytest.mark.parametrize("sender", ["me", "b"])
async def test_words_are_told_painted_and_show_what_they_cost_whoever_sent_them(
    spectator: ReplayFeeder, board: PageState, told: Events, sender: str
) -> None:
    record = picture(sender, 4.5, "a cat on a bench")
    (spectator.frame_sent if sender == "me" else lambda frame: spectator.frame_came(sender, frame))(record.frame)
    spectator.told(read(record))
    assert board.state()["people"][0]["painting"]["words"] == "a cat on a bench"
    spectator.painted(PaintedPicture(sender, 1, "a cat on a bench", 7, IMAGE))
    await told.developed()
    [person] = board.state()["people"]
    [shown] = person["pictures"]
    assert (person["id"], person["screen"]) == (sender, shown["url"])
    assert (shown["words"], shown["at"]) == ("a cat on a bench", STARTED_S + 4.5)
    assert shown["bits"] == CODECS.encode("a cat on a bench", 0).bits
    assert (shown["bytes"], shown["wire_bytes"]) == (len(record.frame), frame_cost(record.frame))
    assert person["meters"]["picture_bps"] > 0


async def test_words_of_a_codec_of_another_time_are_shown_with_whole_bytes(
    spectator: ReplayFeeder, board: PageState
) -> None:
    strange = frames.Picture(3, 0, 200, b"coded", 1)
    spectator.told(read(Frame(0, "b", frames.encode(strange), "a cat")))
    [coming] = board.people["b"].coming.values()
    assert (coming.words, coming.bits) == ("a cat", 8 * len(b"coded"))


async def test_where_nothing_paints_words_are_a_picture_by_themselves(board: PageState, soundtrack: Listened) -> None:
    ReplayFeeder(board, soundtrack, HEADER, CODECS, paints=False).told(read(picture("b", 1.0, "a cat")))
    [person] = board.state()["people"]
    assert person["painting"] is None
    assert [(shown["words"], shown["url"]) for shown in person["pictures"]] == [("a cat", None)]


async def test_a_kept_snapshot_is_beside_its_picture(spectator: ReplayFeeder, board: PageState, told: Events) -> None:
    record = picture("me", 1.0, "a cat")
    spectator.captioned(IMAGE, 1, "a cat")
    spectator.frame_sent(record.frame)
    spectator.told(read(record))
    spectator.painted(PaintedPicture("me", 1, "a cat", 7, Image.new("RGB", (8, 8), "blue")))
    await told.developed()
    [shown] = board.state()["people"][0]["pictures"]
    assert None not in (shown["url"], shown["snapshot"])


async def test_both_are_heard_and_metered(spectator: ReplayFeeder, board: PageState, soundtrack: Listened) -> None:
    copy = Copy(2880, SPEECH)
    spectator.joined("b", BEN)
    spectator.speech_came("b", 5, 960, SPEECH, (copy,))
    for timestamp in (0, 2880):
        spectator.speech_sent(SpeechPacket(SPEECH, timestamp, 0.0, True, 60))
    assert soundtrack.heard == [("b", 5, 960, SPEECH, (copy,)), ("me", 0, 0, SPEECH, ()), ("me", 1, 2880, SPEECH, ())]
    people = {person["id"]: person for person in board.state()["people"]}
    assert people["b"]["name"] == "Ben"
    assert people["me"]["meters"]["speech_kbps"] > 0
    assert people["me"]["meters"]["loss"] == 0


async def test_who_left_is_gone_and_notes_are_read(
    spectator: ReplayFeeder, board: PageState, soundtrack: Listened
) -> None:
    spectator.joined("b", BEN)
    spectator.left("b")
    spectator.noted("b has left")
    assert not board.people["b"].here
    assert soundtrack.gone == ["b"]
    assert [note["text"] for note in board.state()["notes"]] == ["b has left"]


async def test_a_seek_clears_strips_and_sound(spectator: ReplayFeeder, soundtrack: Listened, told: Events) -> None:
    spectator.sought()
    assert told.take() == [("cleared", {})]
    assert soundtrack.seeks == 1
