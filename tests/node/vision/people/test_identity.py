"""Who is before the camera, and where, as it is said."""

from __future__ import annotations

import pytest

from node.vision.people.identity import LONGEST, Identity, read_place
from node.vision.scenes.world import Hair, HairColour, Place, Who
from protocol.errors import UsageError


def test_a_description_is_read() -> None:
    who = Identity("a woman with long black hair")
    assert (who.description.who, who.description.hair) == (Who.WOMAN, Hair.LONG)
    assert who.description.hair_colour is HairColour.BLACK
    assert who.remarks == []


def test_of_whom_nothing_was_said_nothing_is_known() -> None:
    for text in (None, "", "  "):
        who = Identity(text)
        assert (who.text, who.description.who, who.place, who.remarks) == ("", None, None, [])


def test_what_is_not_understood_is_named_with_the_nearest_word() -> None:
    remarks = Identity("a man with a beerd and a monocle").remarks
    assert any('"beerd" is not understood; the nearest word is "beard"' in line for line in remarks)
    assert any("monocle" in line for line in remarks)
    assert all("\n" not in line for line in remarks)


def test_a_change_counts_and_replaces_all_that_was_said() -> None:
    who = Identity("a man with a beard")
    version = who.version
    assert who.change("a woman") == []
    assert (who.version, who.description.who, who.description.beard) == (version + 1, Who.WOMAN, None)


def test_a_book_is_cut() -> None:
    assert len(Identity("a man " * 10_000).text) <= LONGEST


def test_the_place_is_said_by_itself_or_in_the_description() -> None:
    assert Identity("a man in an office").place is Place.OFFICE
    assert Identity("a man in an office", "kitchen").place is Place.KITCHEN


@pytest.mark.parametrize(
    ("said", "place"),
    [("office", Place.OFFICE), ("In The Kitchen", Place.KITCHEN), ("living room", Place.LIVING_ROOM),
     ("a plain room", Place.ROOM), ("park", Place.PARK), ("on a beach", Place.BEACH)],
)  # fmt: skip
def test_places_are_read(said: str, place: Place) -> None:
    assert read_place(said) is place


def test_a_place_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'kitchen'"):
        read_place("kichen")
    with pytest.raises(UsageError, match="choose one of"):
        read_place("zzz")
