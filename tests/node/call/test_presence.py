"""Members whose broker is away."""

from __future__ import annotations

import pytest

from node.call.presence import BrokerlessMembers
from protocol.signalling import Hello


@pytest.fixture
def hellos() -> dict[str, Hello]:
    return {"bbbb": Hello(1, "bob 2")}


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def members(hellos: dict[str, Hello], notes: list[str]) -> BrokerlessMembers:
    return BrokerlessMembers(hellos, notes.append)


def test_a_peer_that_loses_its_broker_and_has_it_again(members: BrokerlessMembers, notes: list[str]) -> None:
    members.here_by_speech("bbbb", "bob", True)
    assert (members.is_without("bbbb"), members.others()) == (True, [])
    members.here_by_speech("bbbb", "bob", False)
    assert not members.is_without("bbbb")
    assert notes == [
        "bob 2 has no broker now: no pictures and lines of it come, its speech goes on",
        "bob 2 has its broker again",
    ]


def test_a_peer_that_leaves_meanwhile_needs_no_line_more(
    members: BrokerlessMembers, hellos: dict[str, Hello], notes: list[str]
) -> None:
    members.here_by_speech("bbbb", "bob", True)
    del hellos["bbbb"]
    members.here_by_speech("bbbb", "bob", False)
    assert len(notes) == 1


def test_one_that_another_member_vouches_for_is_met_later(
    members: BrokerlessMembers, hellos: dict[str, Hello], notes: list[str]
) -> None:
    members.here_by_speech("cccc", "carl", True)
    assert (members.is_without("cccc"), members.others()) == (True, ["carl"])
    hellos["cccc"] = Hello(2, "carl")
    members.here_by_speech("cccc", "carl", False)
    assert (members.others(), notes) == (
        [],
        ["carl is here, too, but has no broker now: it can be met once it is back"],
    )


def test_one_that_another_member_vouches_for_goes(members: BrokerlessMembers, notes: list[str]) -> None:
    members.here_by_speech("cccc", "", True)
    members.here_by_speech("cccc", "", False)
    assert notes[1:] == ["cccc has left"]
