"""Who of a session's people sends what in the room."""

from __future__ import annotations

from typing import Any

import pytest
from sessions import FakeSession, came, picture

from node.call.endpoints import Rendezvous
from node.captions.coder import shipped_codecs
from node.links.address import BrokerAddress
from node.recording.roster import Attendance
from node.replay.haunting import RoomReplay, replay_into_room
from node.replay.pictures import PictureReader
from node.speech.send_stream import SpeechPacket
from protocol.errors import NodeError
from protocol.room_secret import RoomSecret
from protocol.signalling.room import MAX_PEERS


class FakeGhost:
    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.shown: list[str] = []

    def say(self, *packet: Any) -> bool:
        self.said.append(packet)
        return True

    def show(self, told: Any) -> None:
        self.shown.append(told.prompt.text)


def test_each_sends_what_was_theirs() -> None:
    records = [picture("me", 0.1, "a cat"), came("b", 0.2, "Ben"), came("c", 0.3, "Carl"), picture("b", 0.4, "a dog")]
    roster, me, ben = Attendance(FakeSession(records)), FakeGhost(), FakeGhost()
    haunting = RoomReplay(roster, "me", {0: me, 1: ben})  # type: ignore[dict-item]
    haunting.speech_sent(SpeechPacket(b"mine", 5760, 0.0, True, 120))
    haunting.speech_came("b", 9, 1, b"his", ())
    haunting.speech_came("c", 9, 1, b"of one who was not asked for", ())
    haunting.speech_came("?", 9, 1, b"of nobody", ())
    reading = PictureReader(shipped_codecs(), (), lambda text: None)
    for record in (records[0], records[3]):
        told = reading.read(record)  # type: ignore[arg-type]
        assert told is not None
        haunting.told(told)
    assert (me.said, me.shown) == ([(None, 5760, b"mine", ())], ["a cat"])
    assert (ben.said, ben.shown) == ([(9, 1, b"his", ())], ["a dog"])


async def test_more_people_than_a_room_takes() -> None:
    crowd = [came(f"p{number}", number, f"Guest {number}") for number in range(MAX_PEERS + 1)]
    place = Rendezvous(RoomSecret(bytes(16)), BrokerAddress("127.0.0.1"))
    with pytest.raises(NodeError, match=r"8 people, and a room has places for 7: choose some with --who"):
        async with replay_into_room(
            Attendance(FakeSession(crowd)), "me", place, shipped_codecs(), (), lambda text: None
        ):
            pass
