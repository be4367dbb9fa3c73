"""Names that peers are shown by."""

from __future__ import annotations

import pytest

from node.call.shown_names import ShownNames
from protocol.signalling import Carries, Hello
from protocol.signalling.messages import MAX_NAME_BYTES


def hello(name: str, carries: Carries = Carries.EVERYTHING) -> Hello:
    return Hello(session=1, name=name, carries=carries)


class Room:
    """The names of a room, seen by one node, and what it was warned of."""

    def __init__(self, own: str = "me") -> None:
        self.notes: list[str] = []
        self.names = ShownNames(own, self.notes.append)

    def joined(self, peer: str, name: str) -> str:
        return self.names.joined(peer, hello(name)).name


def test_different_names_stay_as_they_are() -> None:
    room = Room()
    assert [room.joined("p1", "Ann"), room.joined("p2", "Bob")] == ["Ann", "Bob"]
    assert room.notes == []


def test_the_second_of_one_name_has_a_number_and_is_warned_of() -> None:
    room = Room()
    assert [room.joined(f"p{number}", "Ann") for number in range(3)] == ["Ann", "Ann 2", "Ann 3"]
    assert room.notes == [f"Ann {number} is another one than Ann: two here have the same name" for number in (2, 3)]


def test_nobody_is_shown_by_our_own_name() -> None:
    room = Room("Ann")
    assert room.joined("p1", "Ann") == "Ann 2"
    assert room.notes == ["Ann 2 has the same name as you: --name gives you another one"]


@pytest.mark.parametrize("alike", ["ann", "ANN", " Ann ", "Ann\u00a0", "Ａｎｎ"])
def test_names_that_look_alike_are_one(alike: str) -> None:
    room = Room()
    room.joined("p1", "Ann")
    assert room.joined("p2", alike) == f"{alike} 2"


def test_a_number_that_is_a_name_already_is_not_given() -> None:
    room = Room()
    assert [room.joined("p1", "Ann 2"), room.joined("p2", "Ann"), room.joined("p3", "Ann")] == ["Ann 2", "Ann", "Ann 3"]
    assert room.joined("p4", "Ann 3") == "Ann 3 2"


def test_a_name_is_kept_until_its_peer_leaves() -> None:
    room = Room()
    assert [room.joined("p1", "Ann"), room.joined("p2", "Ann")] == ["Ann", "Ann 2"]
    room.names.left("p1")
    again = room.names.joined("p2", hello("Ann", Carries.SPEECH_IN))
    assert (again.name, again.carries) == ("Ann 2", Carries.SPEECH_IN)
    assert room.joined("p3", "Ann") == "Ann"
    room.names.left("p2")
    assert room.joined("p4", "Ann") == "Ann 2"


def test_another_name_of_the_same_peer_is_looked_at_anew() -> None:
    room = Room()
    room.joined("p1", "Ann")
    assert [room.joined("p2", "Ann"), room.joined("p2", "Bob"), room.joined("p3", "Bob")] == ["Ann 2", "Bob", "Bob 2"]


def test_without_a_name_there_is_none() -> None:
    room = Room()
    assert [room.joined("p1", ""), room.joined("p2", "")] == ["", ""]
    assert room.notes == []


@pytest.mark.parametrize("name", ["x" * MAX_NAME_BYTES, "ä" * (MAX_NAME_BYTES // 2), "\U0001f600" * 16])
def test_a_name_as_long_as_can_be_stays_one(name: str) -> None:
    room = Room()
    shown = [room.joined(f"p{number}", name) for number in range(12)]
    assert len(set(shown)) == 12
    assert all(len(one.encode()) <= MAX_NAME_BYTES for one in shown)
