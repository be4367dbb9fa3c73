"""What the page shows: people, their pictures, and what changes about them."""

from __future__ import annotations

import pytest
from PIL import Image
from web_board import Told

from node.web import state as boards
from node.web.person_state import MAX_PICTURES, PictureEntry
from node.web.state import OwnState, PageState

RED, BLUE = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")


def shown(sequence: int, words: str = "a cat") -> PictureEntry:
    return PictureEntry(sequence, words, 1.0, bits=20, bytes=9, wire_bytes=130)


async def test_someone_comes_and_goes(board: PageState, told: Told) -> None:
    board.came("x", "ann", speaks=True, shows=False)
    board.linked("x", "up")
    board.linked("x", "up")
    board.left("x")
    events = told.take()
    assert [name for name, _ in events] == ["person", "person", "person"]
    assert events[0][1] == {
        "id": "x", "name": "ann", "you": False, "here": True, "speaks": True, "shows": False,
        "link": "none", "painting": None, "screen": None,
    }  # fmt: skip
    assert events[1][1]["link"] == "up"
    assert (events[2][1]["here"], events[2][1]["link"]) == (False, "none")


async def test_words_are_told_before_they_are_painted_and_the_picture_after(board: PageState, told: Told) -> None:
    board.came("x", "ann", speaks=True, shows=True)
    told.take()
    board.comes("x", shown(1))
    assert told.take()[0][1]["painting"] == {"sequence": 1, "words": "a cat", "since": 1.0}
    board.painted("x", 1, "a cat", RED)
    events = dict(await told.developed())
    picture = events["picture"]["picture"]
    assert (picture["words"], picture["bits"], picture["width"], picture["height"]) == ("a cat", 20, 8, 8)
    assert picture["ratio"] == round(8 * 8 * 24 / 20)
    assert board.album.find(picture["url"]) is not None
    assert events["person"]["painting"] is None
    assert events["screen"] == {"person": "x", "url": picture["url"]}
    assert board.state()["people"][0]["pictures"] == [picture]


async def test_the_true_snapshot_joins_its_picture_whichever_comes_first(board: PageState, told: Told) -> None:
    board.snapped("x", 1, BLUE)
    await told.developed()
    for sequence in (1, 2):
        board.comes("x", shown(sequence))
        board.painted("x", sequence, "a cat", RED)
    await told.developed()
    board.snapped("x", 2, BLUE)
    events = await told.developed()
    assert [name for name, _ in events] == ["picture"]
    for picture in board.state()["people"][0]["pictures"]:
        assert board.album.find(picture["snapshot"]) is not None
        assert picture["snapshot"] != picture["url"]


async def test_a_strip_is_no_longer_than_that_and_its_pictures_are_forgotten(board: PageState, told: Told) -> None:
    for sequence in range(MAX_PICTURES + 1):
        board.painted("x", sequence, "a cat", RED)
        await told.developed()
    pictures = board.state()["people"][0]["pictures"]
    assert [picture["sequence"] for picture in pictures] == list(range(1, MAX_PICTURES + 1))
    assert board.album.size == sum(len(board.album.find(picture["url"]) or b"") for picture in pictures)


async def test_a_morph_shows_what_lies_between_and_then_the_picture_itself(board: PageState, told: Told) -> None:
    board.morphs = True
    board.painted("x", 1, "a cat", RED)
    board.screen("x", RED)
    first = dict(await told.developed())
    assert first["screen"]["url"] == first["picture"]["picture"]["url"]
    board.painted("x", 2, "a dog", BLUE)
    assert "screen" not in dict(await told.developed())
    board.screen("x", Image.new("RGB", (8, 8), "purple"))
    between = dict(await told.developed())["screen"]["url"]
    board.screen("x", BLUE)
    newest = dict(await told.developed())["screen"]["url"]
    urls = [picture["url"] for picture in board.state()["people"][0]["pictures"]]
    assert between not in urls
    assert newest == urls[-1]
    assert board.album.find(between) is None


async def test_a_picture_that_newer_words_overtook_keeps_its_figures(board: PageState, told: Told) -> None:
    board.comes("x", shown(1, "a cat"))
    board.comes("x", shown(2, "a dog"))
    board.comes("x", shown(1, "a cat"))
    assert board.state()["people"][0]["painting"]["words"] == "a dog"
    board.painted("x", 1, "a cat", RED)
    await told.developed()
    state = board.state()["people"][0]
    assert state["painting"]["words"] == "a dog"
    assert [(picture["words"], picture["bits"]) for picture in state["pictures"]] == [("a cat", 20)]
    board.painted("x", 2, "a dog", BLUE)
    await told.developed()
    assert board.state()["people"][0]["painting"] is None


async def test_who_comes_back_begins_anew(board: PageState, told: Told) -> None:
    board.came("x", "ann", speaks=True, shows=True)
    board.painted("x", 1, "a cat", RED)
    await told.developed()
    board.left("x")
    board.came("x", "ann", speaks=True, shows=True)
    assert board.state()["people"][0]["pictures"] == []
    assert board.album.size == 0


async def test_people_who_are_gone_make_room(board: PageState, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "MAX_PEOPLE", 2)
    for id in ("a", "b"):
        board.came(id, id, speaks=True, shows=True)
    board.left("a")
    told.take()
    board.came("c", "c", speaks=True, shows=True)
    assert told.take()[0] == ("gone", {"person": "a"})
    assert set(board.people) == {"b", "c"}


async def test_notes_are_kept_for_who_comes_later_but_not_for_ever(board: PageState, told: Told) -> None:
    for number in range(boards.MAX_NOTES + 1):
        board.note(f"{number}" + "x" * boards.MAX_NOTE)
    notes = board.state()["notes"]
    assert len(notes) == boards.MAX_NOTES
    assert notes[0]["text"].startswith("1")
    assert all(len(note["text"]) == boards.MAX_NOTE for note in notes)


async def test_markup_is_text_in_the_feed(board: PageState, told: Told) -> None:
    words = '<img src=x onerror="alert(1)">\n\ndata: \u2028</script>'
    board.note(words)
    assert told.take() == [("note", {"at": board.wall(), "text": words})]


async def test_what_is_told_once_is_not_told_again(board: PageState, told: Told) -> None:
    board.tell_broker("up")
    board.tell_broker("up")
    board.tell_broker("down")
    assert told.take() == [("broker", {"broker": "up"}), ("broker", {"broker": "down"})]


async def test_you_are_told_as_documented(board: PageState, told: Told) -> None:
    board.you = OwnState("x", "ann", may_speak=True)
    board.tell_you()
    assert told.take() == [
        (
            "you",
            {
                "you": {
                    "person": "x", "name": "ann", "muted": False, "camera_on": True, "may_speak": True,
                    "may_show": False, "speaking": False, "showing": False,
                }
            },
        )
    ]  # fmt: skip


async def test_a_recording_that_goes_elsewhere_clears_the_strips(board: PageState, told: Told) -> None:
    board.painted("x", 1, "a cat", RED)
    await told.developed()
    board.clear()
    assert told.take() == [("cleared", {})]
    assert board.state()["people"][0]["screen"] is None
    assert board.album.size == 0


async def test_a_recording_that_goes_elsewhere_forgets_who_is_gone_and_what_was_measured(
    board: PageState, told: Told
) -> None:
    for id in "xy":
        board.came(id, id, speaks=True, shows=True)
        board.person(id).meters.picture(1000, 10)
    board.snapped("x", 1, BLUE)
    await told.developed()
    board.painted("x", 1, "a cat", RED)
    board.left("y")
    told.take()
    board.clear()
    assert told.take() == [("gone", {"person": "y"}), ("cleared", {})]
    [person] = board.state()["people"]
    assert (person["id"], person["meters"]["ratio_raw"]) == ("x", None)
    assert await told.developed() == []
    assert board.album.size == 0


async def test_a_recordings_own_time_holds(board: PageState) -> None:
    board.keep_time(lambda: 5.0, lambda: 1005.0)
    board.note("hello")
    state = board.state()
    assert (state["started"], state["now"], state["notes"][0]["at"]) == (1005.0, 1005.0, 1005.0)


def test_where_a_recording_stands_is_told_when_it_changed() -> None:
    replay = {"position": 1.0}
    board = PageState("replay", 4, replay=lambda: dict(replay))
    told = Told(board)
    for position in (1.0, 1.0, 2.0):
        replay["position"] = position
        board.tell_replay()
    assert [data["replay"]["position"] for _, data in told.take()] == [1.0, 2.0]
