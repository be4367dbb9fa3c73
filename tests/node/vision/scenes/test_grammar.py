from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vision.scenes.grammar import attributes_of, caption, phrasings
from node.vision.scenes.sampling import sample
from node.vision.scenes.world import (
    Action,
    Cloth,
    Creature,
    CreatureKind,
    Fur,
    Garment,
    Hair,
    HairColour,
    Hat,
    Light,
    Nobody,
    Person,
    Place,
    Pose,
    Scene,
    Support,
    Thing,
    Who,
    attributes,
)


def test_the_articles_sentence_is_a_canonical_caption() -> None:
    cat = Creature(CreatureKind.CAT, Fur.NATURAL, Pose.SITTING, Support.BENCH, Thing.NOTHING)
    assert caption(Scene(cat, Place.PLAIN, Light.DAY)) == "a cat sitting on top of a wooden bench"


def test_a_person_with_everything() -> None:
    person = Person(
        Who.MAN, Hair.SHORT, HairColour.BLACK, True, True, Hat.CAP, Garment.SHIRT, Cloth.ORANGE, Action.DRINKING
    )
    assert caption(Scene(person, Place.BEACH, Light.SUNSET)) == (
        "a man with short black hair, a beard and glasses wearing an orange shirt and a baseball cap "
        "is drinking from a cup on a beach at sunset"
    )


def test_an_ordinary_person_has_a_short_caption() -> None:
    person = Person(
        Who.MAN, Hair.BALD, HairColour.BLACK, False, False, Hat.NONE, Garment.JACKET, Cloth.RED, Action.SMILING
    )
    assert caption(Scene(person, Place.PLAIN, Light.DAY)) == "a bald man wearing a red jacket is smiling"


def test_a_person_of_whom_nothing_was_said() -> None:
    person = Person(
        Who.PERSON, Hair.UNSAID, HairColour.BLACK, False, False, Hat.HEADPHONES, Garment.TSHIRT, Cloth.BLUE,
        Action.NOTHING, Thing.LAPTOP,
    )  # fmt: skip
    assert caption(Scene(person, Place.ROOM, Light.DAY)) == (
        "a person wearing a blue t-shirt and headphones is looking at you with a laptop in a plain room"
    )


def test_an_empty_place() -> None:
    assert caption(Scene(Nobody(), Place.OFFICE, Light.NIGHT)) == "an empty office at night"
    assert attributes_of("an empty room") == {"place": "plain room", "light": "day"}


@given(st.integers(0, 10**9))
def test_captions_and_attributes_determine_each_other(seed: int) -> None:
    scene = sample(seed)
    assert attributes_of(caption(scene)) == attributes(scene)


@given(st.text(max_size=80).filter(lambda text: "empty" not in text))
def test_any_other_text_tells_nothing(text: str) -> None:
    assert attributes_of(text) == {}


@pytest.mark.parametrize("seed", range(40))
def test_a_wording_is_plain_english(seed: int) -> None:
    text = phrasings(sample(seed), random.Random(seed))
    assert text == text.lower().strip()
    assert "  " not in text
    assert " ," not in text
    assert text.isascii()


def test_a_scene_is_worded_in_many_ways() -> None:
    rng = random.Random(1)
    scene = sample(1)
    worded = [phrasings(scene, rng) for _ in range(100)]
    assert len(set(worded)) > 20
    assert caption(scene) in worded
