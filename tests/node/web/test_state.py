"""What the page shows: people, their pictures, and what changes about them."""

from __future__ import annotations

import json

import pytest
from page_events import SentEvents
from PIL import Image

from node.vision.stats import RAW_BITS
from node.web import state as module
from node.web.person_state import MAX_PICTURES, OwnState, PictureEntry
from node.web.state import PageState

RED, BLUE = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")


def entry(sequence: int, words: str = "a cat") -> PictureEntry:
    return PictureEntry(sequence, words, 1.0, bits=20, bytes=9, wire_bytes=130)


async def test_someone_comes_and_goes(state: PageState, events: SentEvents) -> None:
    state.joined("x", "ann", speaks=True, shows=False)
    state.set_facts("x", link="up")
    state.set_facts("x", link="up", route="broker")
    state.set_facts("x", link="up", route="broker")
    state.left("x")
    events = events.take()
    assert [name for name, _ in events] == ["person", "person", "person", "person"]
    assert events[0][1] == {
        "id": "x", "name": "ann", "you": False, "here": True, "speaks": True, "shows": False,
        "link": "none", "route": "none", "missing": None, "broker": True, "floor": False, "painting": None,
        "screen": None,
    }  # fmt: skip
    assert events[1][1]["link"] == "up"
    assert (events[2][1]["link"], events[2][1]["route"]) == ("up", "broker")
    assert (events[3][1]["here"], events[3][1]["link"], events[3][1]["route"]) == (False, "none", "none")


async def test_why_there_is_no_speech_and_no_broker_is_sent_once(state: PageState, events: SentEvents) -> None:
    state.set_facts("x", missing="nothing comes")  # of nobody that is known
    state.joined("x", "ann", speaks=True, shows=False)
    for _ in range(2):
        state.set_facts("x", missing="nothing comes", broker=False)
    state.joined("x", "ann", speaks=True, shows=False)
    people = [(data["missing"], data["broker"]) for _, data in events.take()]
    assert people == [(None, True), ("nothing comes", False), (None, True)]


async def test_words_are_sent_before_they_are_painted_and_the_picture_after(
    state: PageState, events: SentEvents
) -> None:
    state.joined("x", "ann", speaks=True, shows=True)
    events.take()
    state.caption_received("x", entry(1))
    assert events.take()[0][1]["painting"] == {"sequence": 1, "words": "a cat", "since": 1.0}
    state.painted("x", 1, "a cat", RED)
    events = dict(await events.encoded())
    picture = events["picture"]["picture"]
    assert (picture["words"], picture["bits"], picture["width"], picture["height"]) == ("a cat", 20, 8, 8)
    assert (picture["ratio"], picture["wire_ratio"]) == (
        round(RAW_BITS / 20),
        round(RAW_BITS / 8 / picture["wire_bytes"]),
    )
    assert state.pictures.find(picture["url"]) is not None
    assert events["person"]["painting"] is None
    assert events["screen"] == {"person": "x", "url": picture["url"]}
    assert state.to_json()["people"][0]["pictures"] == [picture]


async def test_the_true_snapshot_joins_its_picture_whichever_comes_first(state: PageState, events: SentEvents) -> None:
    state.add_snapshot("x", 1, BLUE)
    await events.encoded()
    for sequence in (1, 2):
        state.caption_received("x", entry(sequence))
        state.painted("x", sequence, "a cat", RED)
    await events.encoded()
    state.add_snapshot("x", 2, BLUE)
    events = await events.encoded()
    assert [name for name, _ in events] == ["picture"]
    for picture in state.to_json()["people"][0]["pictures"]:
        assert state.pictures.find(picture["snapshot"]) is not None
        assert picture["snapshot"] != picture["url"]


async def test_a_picture_of_the_nodes_own_gets_what_the_peers_see_of_it(state: PageState, events: SentEvents) -> None:
    state.joined("x", "ann", speaks=True, shows=True, you=True)
    state.caption_sent("x", entry(1))
    before = state.to_json()["people"][0]["meters"]
    events.take()
    state.painted_here("x", 1, RED)
    state.painted_here("x", 7, RED)  # no longer in the strip
    [(name, data)] = await events.encoded()
    assert (name, data["picture"]["sequence"]) == ("picture", 1)
    assert state.pictures.find(data["picture"]["url"]) is not None
    assert state.pictures.size == len(state.pictures.find(data["picture"]["url"]) or b"")
    shown = state.to_json()["people"][0]
    assert (shown["screen"], shown["meters"]["ratio_raw"]) == (None, before["ratio_raw"])


async def test_a_strip_is_no_longer_than_that_and_its_pictures_are_forgotten(
    state: PageState, events: SentEvents
) -> None:
    for sequence in range(MAX_PICTURES + 1):
        state.painted("x", sequence, "a cat", RED)
        await events.encoded()
    pictures = state.to_json()["people"][0]["pictures"]
    assert [picture["sequence"] for picture in pictures] == list(range(1, MAX_PICTURES + 1))
    assert state.pictures.size == sum(len(state.pictures.find(picture["url"]) or b"") for picture in pictures)


async def test_a_morph_shows_what_lies_between_and_then_the_picture_itself(
    state: PageState, events: SentEvents
) -> None:
    state.morphs = True
    state.painted("x", 1, "a cat", RED)
    state.set_screen("x", RED)
    first = dict(await events.encoded())
    assert first["screen"]["url"] == first["picture"]["picture"]["url"]
    state.painted("x", 2, "a dog", BLUE)
    assert "screen" not in dict(await events.encoded())
    state.set_screen("x", Image.new("RGB", (8, 8), "purple"))
    between = dict(await events.encoded())["screen"]["url"]
    state.set_screen("x", BLUE)
    newest = dict(await events.encoded())["screen"]["url"]
    urls = [picture["url"] for picture in state.to_json()["people"][0]["pictures"]]
    assert between not in urls
    assert newest == urls[-1]
    assert state.pictures.find(between) is None


async def test_a_picture_that_newer_words_overtook_keeps_its_figures(state: PageState, events: SentEvents) -> None:
    state.caption_received("x", entry(1, "a cat"))
    state.caption_received("x", entry(2, "a dog"))
    state.caption_received("x", entry(1, "a cat"))
    assert state.to_json()["people"][0]["painting"]["words"] == "a dog"
    state.painted("x", 1, "a cat", RED)
    await events.encoded()
    person = state.to_json()["people"][0]
    assert person["painting"]["words"] == "a dog"
    assert [(picture["words"], picture["bits"]) for picture in person["pictures"]] == [("a cat", 20)]
    state.painted("x", 2, "a dog", BLUE)
    await events.encoded()
    assert state.to_json()["people"][0]["painting"] is None


async def test_a_person_who_comes_back_has_an_empty_strip(state: PageState, events: SentEvents) -> None:
    state.joined("x", "ann", speaks=True, shows=True)
    state.painted("x", 1, "a cat", RED)
    await events.encoded()
    state.left("x")
    state.joined("x", "ann", speaks=True, shows=True)
    assert state.to_json()["people"][0]["pictures"] == []
    assert state.pictures.size == 0


async def test_people_who_are_gone_make_room(
    state: PageState, events: SentEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PEOPLE", 2)
    for id in ("a", "b"):
        state.joined(id, id, speaks=True, shows=True)
    state.left("a")
    events.take()
    state.joined("c", "c", speaks=True, shows=True)
    assert events.take()[0] == ("gone", {"person": "a"})
    assert set(state.people) == {"b", "c"}


async def test_notes_are_kept_for_who_comes_later_but_not_for_ever(state: PageState, events: SentEvents) -> None:
    for number in range(module.MAX_NOTES + 1):
        state.note(f"{number}" + "x" * module.MAX_NOTE)
    notes = state.to_json()["notes"]
    assert len(notes) == module.MAX_NOTES
    assert notes[0]["text"].startswith("1")
    assert all(len(note["text"]) == module.MAX_NOTE for note in notes)


async def test_markup_is_text_in_the_feed(state: PageState, events: SentEvents) -> None:
    words = '<img src=x onerror="alert(1)">\n\ndata: \u2028</script>'
    state.note(words)
    assert events.take() == [("note", {"at": state.wall(), "text": words})]


async def test_what_did_not_change_is_not_sent_again(state: PageState, events: SentEvents) -> None:
    state.set_broker("up")
    state.set_broker("up")
    state.set_broker("down")
    assert events.take() == [("broker", {"broker": "up"}), ("broker", {"broker": "down"})]


async def test_you_are_sent_as_documented(state: PageState, events: SentEvents) -> None:
    state.own = OwnState("x", "ann", may_speak=True)
    state.send_own()
    assert events.take() == [
        (
            "you",
            {
                "you": {
                    "person": "x", "name": "ann", "muted": False, "camera_on": True, "may_speak": True,
                    "may_show": False, "speaking": False, "showing": False, "me": None, "sight": None,
                        "floor": None,
                }
            },
        )
    ]  # fmt: skip


async def test_a_recording_that_goes_elsewhere_clears_the_strips(state: PageState, events: SentEvents) -> None:
    state.painted("x", 1, "a cat", RED)
    await events.encoded()
    state.clear()
    assert events.take() == [("cleared", {})]
    assert state.to_json()["people"][0]["screen"] is None
    assert state.pictures.size == 0


async def test_a_recording_that_goes_elsewhere_forgets_who_is_gone_and_what_was_measured(
    state: PageState, events: SentEvents
) -> None:
    for id in "xy":
        state.joined(id, id, speaks=True, shows=True)
        state.person(id).rates.add_picture(1000, 10)
    state.add_snapshot("x", 1, BLUE)
    await events.encoded()
    state.painted("x", 1, "a cat", RED)
    state.left("y")
    events.take()
    state.clear()
    assert events.take() == [("gone", {"person": "y"}), ("cleared", {})]
    [person] = state.to_json()["people"]
    assert (person["id"], person["meters"]["ratio_raw"]) == ("x", None)
    assert await events.encoded() == []
    assert state.pictures.size == 0


async def test_a_recordings_own_time_holds(state: PageState) -> None:
    state.use_clocks(lambda: 5.0, lambda: 1005.0)
    state.note("hello")
    shown = state.to_json()
    assert (shown["started"], shown["now"], shown["notes"][0]["at"]) == (1005.0, 1005.0, 1005.0)


def test_where_a_recording_stands_is_sent_when_it_changed() -> None:
    replay = {"position": 1.0}
    state = PageState("replay", 4, replay=lambda: dict(replay))
    events = SentEvents(state)
    for position in (1.0, 1.0, 2.0):
        replay["position"] = position
        state.send_replay()
    assert [data["replay"]["position"] for _, data in events.take()] == [1.0, 2.0]


async def test_a_picture_says_what_it_cost_even_when_its_sender_is_gone(state: PageState, events: SentEvents) -> None:
    state.joined("x", "bob", speaks=True, shows=True)
    state.caption_received("x", entry(1))
    events.take()
    state.left("x")
    assert events.take()[-1][1]["painting"] is None
    state.painted("x", 1, "a cat", RED)
    picture = dict(await events.encoded())["picture"]["picture"]
    assert (picture["bits"], picture["wire_bytes"], picture["ratio"]) == (20, entry(1).wire_bytes, round(RAW_BITS / 20))


async def test_a_cost_that_is_not_known_is_no_ratio(state: PageState, events: SentEvents) -> None:
    state.joined("x", "bob", speaks=True, shows=True)
    state.painted("x", 7, "a cat", RED)
    picture = dict(await events.encoded())["picture"]["picture"]
    assert [picture[key] for key in ("bits", "bytes", "wire_bytes", "ratio", "wire_ratio")] == [None] * 5


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>[/b]", "\x1b[2J\u202e\u2066", "\ud800", "x" * 100_000])
async def test_whatever_names_and_words_are_made_of_they_are_strings_of_json(state: PageState, odd: str) -> None:
    listener = state.events.subscribe()
    state.joined("x", odd, speaks=True, shows=True)
    state.caption_received("x", PictureEntry(1, odd, 1.0, bits=20, bytes=12, wire_bytes=140))
    state.note(odd)
    shown = json.loads(json.dumps(state.to_json()))
    assert shown["people"][0]["name"] == shown["people"][0]["painting"]["words"] == odd
    assert shown["notes"][0]["text"] == odd[:500]
    listener.close()
