"""The words of a camera: of drawings, of people, and of an identity that changes meanwhile."""

from __future__ import annotations

from node.vision.people.identity import Identity
from node.vision.people.narrator import LOOK_AGAIN_S, SAY_WHO, Narrator
from node.vision.perception.observation import Observation, SeenThing
from node.vision.scenes.world import Action, Cloth
from node.vision.types import SeenPicture

SMILING = SeenPicture("", Observation(people=1, action=Action.SMILING, cloth=Cloth.BLUE))
CHAIR = SeenPicture("", Observation(things=(SeenThing("chair", 0.9, (0, 0, 1, 1)),)))


def run(narrator: Narrator, seen: SeenPicture, count: int, start: float = 0.0) -> str:
    return [narrator.words(seen, start + number / 2) for number in range(count)][-1]


def test_drawings_have_their_captioners_words() -> None:
    narrator = Narrator()
    assert narrator.words(SeenPicture("a cat on a mat"), 0.0) == "a cat on a mat"
    assert not narrator.sees_real_pictures
    assert not narrator.wants(100.0)


def test_a_person_gets_the_words_that_were_said() -> None:
    narrator = Narrator(Identity("a woman with long red hair", "office"))
    told = run(narrator, SMILING, 4)
    assert told == "a woman with long red hair wearing a blue shirt is smiling in an office"
    assert narrator.remarks(SMILING) == []


def test_another_look_is_wanted_now_and_then_before_a_real_camera() -> None:
    narrator = Narrator()
    run(narrator, SMILING, 6)
    assert not narrator.wants(2.5 + LOOK_AGAIN_S - 0.1)
    assert narrator.wants(2.5 + LOOK_AGAIN_S)


def test_what_is_said_meanwhile_wants_another_look_and_changes_the_words() -> None:
    who = Identity()
    narrator = Narrator(who)
    run(narrator, SMILING, 6)
    assert narrator.remarks(SMILING) == [SAY_WHO]
    who.change("a man")
    assert narrator.wants(2.6)
    assert narrator.words(SMILING, 3.0).startswith("a man ")
    assert not narrator.wants(3.1)


def test_a_voice_is_heard() -> None:
    voices = iter([True] * 10)
    narrator = Narrator(hears_voice=lambda: next(voices))
    seen = SeenPicture("", Observation(people=1, evidence={"pixels": 90.0}, cloth=Cloth.RED))
    assert "is talking" in run(narrator, seen, 4)


def test_who_left_leaves_an_empty_room() -> None:
    narrator = Narrator()
    assert run(narrator, CHAIR, 2) == "an empty room"
    assert "smiling" in run(narrator, SMILING, 4, start=10.0)
    assert "smiling" in run(narrator, CHAIR, 3, start=20.0)
    assert run(narrator, CHAIR, 8, start=21.5) == "an empty room"


def test_what_has_no_name_has_no_words() -> None:
    assert run(Narrator(), SeenPicture("", Observation()), 6) == ""
    assert run(Narrator(), SeenPicture("", Observation(blind=True)), 6) == ""


def test_a_real_camera_is_known_and_that_nobody_is_before_it() -> None:
    narrator = Narrator()
    assert narrator.sight is None
    run(narrator, SMILING, 3)
    assert narrator.sight == "photo"
    run(narrator, CHAIR, 8, start=10.0)
    assert narrator.sight == "nobody"
    run(narrator, SeenPicture("a cat"), 2, start=30.0)
    assert narrator.sight is None
