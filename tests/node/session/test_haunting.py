"""Who of a session's people sends what in the room."""

from __future__ import annotations

from typing import Any

from sessions import FakeSession, came, picture

from node.session.haunting import Haunting
from node.session.painting import Reading
from node.session.roster import Roster
from node.speech.talker import Packet


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
    roster, me, ben = Roster(FakeSession(records)), FakeGhost(), FakeGhost()
    haunting = Haunting(roster, "me", {0: me, 1: ben})  # type: ignore[dict-item]
    haunting.speech_sent(Packet(b"mine", 5760, 0.0, True, 120))
    haunting.speech_came("b", 9, 1, b"his", ())
    haunting.speech_came("c", 9, 1, b"of one who was not asked for", ())
    haunting.speech_came("?", 9, 1, b"of nobody", ())
    reading = Reading((), lambda text: None)
    for record in (records[0], records[3]):
        told = reading.read(record)  # type: ignore[arg-type]
        assert told is not None
        haunting.told(told)
    assert (me.said, me.shown) == ([(None, 5760, b"mine", ())], ["a cat"])
    assert (ben.said, ben.shown) == ([(9, 1, b"his", ())], ["a dog"])
