"""A session replayed into a room: its packets and pictures, sent by a participant each."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from happenings import Happenings
from sessions import FakeSession, came, picture

from node.call.endpoints import Rendezvous
from node.captions.coder import shipped_codecs
from node.links.address import BrokerAddress
from node.recording.participants import Attendance
from node.replay import into_room as module
from node.replay.into_room import ReplayParticipant, RoomReplay, renumbered, replay_into_room
from node.replay.pictures import PictureReader, RecordedPicture
from node.speech.send_stream import SpeechPacket
from node.vision.types import Prompt
from protocol import frames
from protocol.errors import NodeError
from protocol.room_secret import RoomSecret
from protocol.sealing import Opener
from protocol.signalling import Carries, Hello
from protocol.signalling.room import MAX_PEERS
from protocol.topics import Letter, Topic

CODECS = shipped_codecs()
SECRET = RoomSecret(b"the room's keys!")


def participant() -> ReplayParticipant:
    return ReplayParticipant("Ann", Rendezvous(SECRET, BrokerAddress("h")), CODECS, note=lambda text: None)


def recorded(words: str, codec: int = 0) -> RecordedPicture:
    coded = CODECS.encode(words, codec)
    return RecordedPicture("me", frames.Picture(77, 5, coded.codec, coded.data, seed=3), Prompt(words, 3))


def test_a_picture_keeps_its_code_if_the_room_reads_it() -> None:
    coded = CODECS.encode("a cat on a bench", 2)
    picture = frames.Picture(77, 5, coded.codec, coded.data, seed=3, look=b"12345678")
    again = renumbered(CODECS, picture, "a cat on a bench", 1, codec=2)
    assert (again.sequence, again.caption, again.codec, again.seed, again.look) == (1, coded.data, 2, 3, b"12345678")
    plain = renumbered(CODECS, picture, "a cat on a bench", 1, codec=0)
    assert (plain.codec, plain.caption) == (0, b"a cat on a bench")


def test_a_picture_that_our_codebook_reads_otherwise_is_coded_anew() -> None:
    coded = CODECS.encode("a cat on a bench", 2)
    picture = frames.Picture(77, 5, coded.codec, coded.data, seed=3)
    again = renumbered(CODECS, picture, "something else", 1, codec=2)
    assert CODECS.decode(again.codec, again.caption) == "something else"


async def _session_that_publishes(words: str) -> int:
    """Have a participant send these words, and return the session that they are sealed in."""
    ann, sent = participant(), Happenings()
    ann.room.channel.link.publish = sent.add  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(ann.publish())
        ann.send_picture(recorded(words))
        await sent.count(1)
        publishing.cancel()
    (message,) = sent.all
    assert words.encode() not in message.payload
    opener = Opener(SECRET, "bbbb", 1)
    opener.admit(ann.room.node_id, ann.room.session, (0, 0, 0))
    opened = frames.decode(opener.frame(Topic.parse(message.topic), message.payload))
    assert isinstance(opened, frames.Picture)
    assert opened.caption == words.encode()
    assert Topic.parse(message.topic) == Topic(SECRET.room_id(), ann.room.node_id, Letter.PICTURE)
    return ann.room.session


async def test_what_is_replayed_into_a_room_is_sealed_in_a_session_of_today() -> None:
    sessions = {await _session_that_publishes("a cat on a bench") for _ in range(2)}
    assert len(sessions) == 2


async def test_words_are_coded_beside_the_loop_and_only_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    coding, done, threads = threading.Event(), threading.Event(), list[int]()

    def slow(*coded: Any) -> frames.Picture:
        threads.append(threading.get_ident())
        coding.set()
        assert done.wait(20)
        return renumbered(*coded)

    monkeypatch.setattr(module, "renumbered", slow)
    ann, posted = participant(), Happenings()
    monkeypatch.setattr(ann.room, "post_picture", lambda frame, retain: posted.add(frames.decode(frame)))
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(ann.publish())
        for number, words in enumerate(("a cat", "a dog", "a bird"), 1):
            ann.send_picture(recorded(words))
            if number == 1:
                await asyncio.to_thread(coding.wait, 20)
        done.set()
        await posted.count(2)
        publishing.cancel()
    assert [picture.caption for picture in posted.all] == [b"a cat", b"a bird"]
    assert threading.get_ident() not in threads


async def test_a_newcomer_that_reads_only_plain_text_gets_the_picture_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, posted = participant(), Happenings()
    monkeypatch.setattr(ann.room, "post_picture", lambda frame, retain: posted.add(frames.decode(frame)))
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(ann.publish())
        ann.send_picture(recorded("a cat", codec=2))
        await posted.count(1)
        ann.room.joined("b", Hello(1, "Ben", Carries.PICTURES_IN, (0,)))
        await posted.count(2)
        publishing.cancel()
    assert [(picture.sequence, picture.codec) for picture in posted.all] == [(1, 2), (1, 0)]


async def test_a_packet_is_sent_once_and_only_to_peers_that_listen() -> None:
    ann, sent = participant(), list[tuple[Any, ...]]()
    assert not ann.send_speech(5, 0, b"nobody listens", ())
    ann.room.peers.send = lambda *packet: sent.append(packet) is None  # type: ignore[method-assign]
    assert ann.send_speech(6, 960, b"words", ())
    assert not ann.send_speech(6, 960, b"words", ())
    assert [payload for _, payload, _, _ in sent] == [b"words"]


class FakeParticipant:
    """Keeps what it is to send."""

    def __init__(self) -> None:
        self.packets: list[tuple[Any, ...]] = []
        self.pictures: list[str] = []

    def send_speech(self, *packet: Any) -> bool:
        self.packets.append(packet)
        return True

    def send_picture(self, picture: RecordedPicture) -> None:
        self.pictures.append(picture.prompt.text)


def test_each_sends_what_was_theirs() -> None:
    records = [picture("me", 0.1, "a cat"), came("b", 0.2, "Ben"), came("c", 0.3, "Carl"), picture("b", 0.4, "a dog")]
    roster, me, ben = Attendance(FakeSession(records)), FakeParticipant(), FakeParticipant()
    replay = RoomReplay(roster, "me", {0: me, 1: ben})  # type: ignore[dict-item]
    replay.speech_sent(SpeechPacket(b"mine", 5760, 0.0, True, 120))
    replay.speech_received("b", 9, 1, b"Ben's", ())
    replay.speech_received("c", 9, 1, b"of one that was not asked for", ())
    replay.speech_received("?", 9, 1, b"of nobody", ())
    reading = PictureReader(CODECS, (), lambda text: None)
    for record in (records[0], records[3]):
        read = reading.read(record)  # type: ignore[arg-type]
        assert read is not None
        replay.picture(read)
    assert (me.packets, me.pictures) == ([(None, 5760, b"mine", ())], ["a cat"])
    assert (ben.packets, ben.pictures) == ([(9, 1, b"Ben's", ())], ["a dog"])


async def test_more_people_than_a_room_takes() -> None:
    crowd = [came(f"p{number}", number, f"Guest {number}") for number in range(MAX_PEERS + 1)]
    place = Rendezvous(RoomSecret(bytes(16)), BrokerAddress("127.0.0.1"))
    with pytest.raises(NodeError, match=r"8 people, and a room has places for 7: choose some with --who"):
        async with replay_into_room(Attendance(FakeSession(crowd)), "me", place, CODECS, (), lambda text: None):
            pass
