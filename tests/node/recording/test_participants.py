"""Who is in a session."""

from __future__ import annotations

import pytest
from sessions import FakeSession, came, picture, went

from node.recording.participants import Attendance, ids_called
from protocol.errors import NodeError
from protocol.log import Joined

KNOWN = [("a1", "Ann"), ("a2", "Ann"), ("b1", "Ben")]


@pytest.mark.parametrize(
    ("names", "ids"), [([], set()), (["Ann"], {"a1", "a2"}), (["a2"], {"a2"}), (["Ben", "a1"], {"a1", "b1"})]
)
def test_names_and_ids_find_ids(names: list[str], ids: set[str]) -> None:
    assert ids_called(names, KNOWN) == ids


def test_a_name_that_nobody_has_is_answered_with_each_name_once() -> None:
    with pytest.raises(NodeError, match=r"nobody here is called 'Zed'; there are: Ann, Ben$"):
        ids_called(["Ann", "Zed"], KNOWN)
    with pytest.raises(NodeError, match=r"there are: nobody$"):
        ids_called(["Ann"], [])


def test_who_comes_again_is_the_same_and_who_only_listens_is_not_shown() -> None:
    session = FakeSession(
        [
            picture("me", 0.5, "a cat"), came("b", 1, "Ben"), went("b", 3), came("c", 4, "Ben"), went("c", 6),
            Joined(2_000_000, "ear", "Listener", 10),
        ]
    )  # fmt: skip
    roster = Attendance(session)
    assert [(member.name, member.ids) for member in roster.participants] == [("Ann", ["me"]), ("Ben", ["b", "c"])]
    assert [roster.index(sender) for sender in ("me", "b", "c", "ear", "?")] == [0, 1, 1, None, None]
    ben = roster.participants[1]
    assert [ben.is_present(at) for at in (0.5, 1, 2.9, 3, 4, 7)] == [False, True, True, False, True, False]
    assert roster.ids(["Ben", "me"]) == {"b", "c", "me"}
    with pytest.raises(NodeError, match="nobody here is called 'Carl'; there are: Ann, Ben"):
        roster.ids(["Carl"])


def test_two_of_one_name_at_once_are_two() -> None:
    roster = Attendance(FakeSession([came("b", 1, "Ben"), came("c", 2, "Ben")]))
    assert [member.name for member in roster.participants] == ["Ben", "Ben (c)"]
