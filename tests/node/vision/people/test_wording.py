"""The words of situations."""

from __future__ import annotations

import pytest

from node.vision.people.situation import Situation, situation_of
from node.vision.people.wording import words, words_of
from node.vision.perception.observation import Observation, SeenFace, SeenThing
from node.vision.scenes.grammar import attributes_of
from node.vision.scenes.reading import coverage, read_description
from node.vision.scenes.world import Action, Cloth, CreatureKind, Light, Place, Support, Thing

SMILING = Situation(people=1, action=Action.SMILING, cloth=Cloth.BLUE)
FACE = SeenFace(0.5, 0.4, 0.2, 0, 0)
WHOLE = (0.2, 0.2, 0.8, 0.8)


def thing(name: str, score: float = 0.8, box: tuple[float, float, float, float] = WHOLE) -> SeenThing:
    return SeenThing(name, score, box)


def person(**values: object) -> Observation:
    return Observation(people=1, face=FACE, action=Action.SMILING, cloth=Cloth.BLUE, **values)  # type: ignore[arg-type]


def test_of_whom_nothing_was_said_is_a_person() -> None:
    assert words(SMILING) == "a person wearing a blue shirt is smiling in a plain room"


def test_what_was_said_is_told_with_what_is_seen() -> None:
    who = read_description("a woman with long black hair and glasses in a jacket")
    told = words(SMILING, who, Place.KITCHEN)
    assert told == "a woman with long black hair and glasses wearing a blue jacket is smiling in a kitchen"


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("who", ["", "a bald man with a beard", "a person with red hair, in a cap"])
def test_every_action_is_in_the_worlds_own_words(action: Action, who: str) -> None:
    told = words(Situation(people=1, action=action, cloth=Cloth.RED), read_description(who))
    assert attributes_of(told)["action"] == str(action)


def test_what_was_said_wins_over_what_seems_to_be_seen() -> None:
    seen = Situation(people=1, action=Action.NOTHING, cloth=Cloth.RED, glasses=True, beard=True)
    told = attributes_of(words(seen, read_description("a man without glasses")))
    assert (told["glasses"], told["beard"]) == ("False", "True")


def test_the_clothes_that_are_seen_win_over_those_that_were_said() -> None:
    who = read_description("a man in a red jacket")
    assert "a blue jacket" in words(SMILING, who)
    assert "a red jacket" in words(Situation(people=1, action=Action.SMILING), who)


def test_what_is_not_seen_is_in_no_words() -> None:
    assert words(Situation(people=1, action=Action.SMILING)) == "a person is smiling in a plain room"
    assert words(Situation(people=1, cloth=Cloth.RED)) == "a person wearing a red shirt in a plain room"
    assert words(Situation(people=1)) == "a person in a plain room"
    hat = read_description("a man with a cap")
    assert (
        words(Situation(people=1, action=Action.SMILING), hat)
        == "a man wearing a baseball cap is smiling in a plain room"
    )


def test_two_people_and_a_cat_are_told_behind_what_can_be_painted() -> None:
    told = words(Situation(people=2, action=Action.SMILING, cloth=Cloth.BLUE, company="a cat"))
    assert told == words(SMILING) + ", one of two people, with a cat"
    assert coverage(told).known == words(SMILING)


def test_a_place_that_things_tell_wins_over_the_one_that_was_said() -> None:
    office = person(things=(thing("laptop", box=(0.1, 0.8, 0.3, 1.0)), thing("tv")))
    assert "in an office" in words(situation_of(office), None, Place.PARK)
    assert "in a park" in words(SMILING, None, Place.PARK)


def test_things_held_are_told_and_what_is_far_is_not() -> None:
    assert situation_of(person(things=(thing("book"),))).thing is Thing.BOOK
    far = SeenFace(0.05, 0.05, 0.05, 0, 0)
    apart = Observation(people=1, face=far, things=(thing("book", box=(0.8, 0.8, 0.9, 0.9)),))
    assert situation_of(apart).thing is Thing.NOTHING
    assert situation_of(person(things=(thing("cat"),))).company == "a cat"


def test_the_cup_that_is_drunk_from_is_told_once() -> None:
    drinks = Observation(people=1, face=FACE, action=Action.DRINKING, cloth=Cloth.RED, things=(thing("cup"),))
    assert words_of(drinks) == "a person wearing a red shirt is drinking from a cup in a plain room"


def test_weak_evidence_of_glasses_is_none() -> None:
    assert not situation_of(person(glasses=0.6)).glasses
    assert situation_of(person(glasses=0.95)).glasses


def test_an_empty_room_is_one_only_where_something_shows_a_room() -> None:
    assert words_of(Observation()) == ""
    assert words_of(Observation(things=(thing("chair"),))) == "an empty room"
    assert words_of(Observation(things=(thing("oven"),), light=Light.NIGHT)) == "an empty kitchen at night"
    assert words(Situation(), None, Place.OFFICE) == "an empty office"


def test_animals_are_told_on_what_carries_them() -> None:
    cat, sofa = thing("cat", box=(0.3, 0.4, 0.6, 0.7)), thing("couch", box=(0.1, 0.5, 0.9, 0.9))
    seen = situation_of(Observation(things=(cat, sofa)))
    assert (seen.creature, seen.support) == (CreatureKind.CAT, Support.SOFA)
    assert words(seen) == "a cat sitting on top of a sofa in a living room with a bookshelf"
    assert words_of(Observation(things=(cat,))) == "a cat"


def test_what_the_world_lacks_is_told_in_words_and_counted() -> None:
    assert words_of(Observation(things=(thing("motorcycle"),))) == "a motorcycle"
    assert words_of(Observation(things=(thing("bus"), thing("bus", 0.7)))) == "two buses"
    assert words_of(Observation(things=(thing("motorcycle", 0.3),))) == ""
    assert words_of(Observation(things=(thing("skis"),))) == "skis"
