from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vision.scenes.description import LONGEST_WORD, MOST_WORDS, Description, Unknown, read_description
from node.vision.scenes.vocabulary import HAIRCUTS, NOUNS
from node.vision.scenes.world import Cloth, Garment, Hair, HairColour, Hat, Place, Who


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a woman with long black hair and glasses", (Who.WOMAN, Hair.LONG, HairColour.BLACK, {"glasses": True})),
        ("I am a guy in a red hoodie", (Who.MAN, Garment.HOODIE, Cloth.RED)),
        ("black curly hair, no glasses", (Hair.CURLY, HairColour.BLACK, {"glasses": False})),
        ("girl", (Who.WOMAN,)),
        ("LONG, Black HAIR!!", (Hair.LONG, HairColour.BLACK)),
        ("my hair is long and black", (Hair.LONG, HairColour.BLACK)),
        ("a woman with hair long and black, in a red dress",
         (Who.WOMAN, Hair.LONG, HairColour.BLACK, Garment.DRESS, Cloth.RED)),
        ("my shirt is red and my hair is grey", (Garment.SHIRT, Cloth.RED, HairColour.GREY)),
        ("a woman in red, short hair", (Who.WOMAN, Cloth.RED, Hair.SHORT)),
        ("a blonde lady", (Who.WOMAN, HairColour.BLOND)),
        ("redhead", (HairColour.RED,)),
        ("red-haired man with a ponytail", (Who.MAN, HairColour.RED, Hair.TIED)),
        ("hair tied back, brown", (Hair.TIED, HairColour.BROWN)),
        ("bearded, bespectacled, bald-headed", (Hair.BALD, {"beard": True, "glasses": True})),
        ("I don’t wear glasses and I have a beard", ({"beard": True, "glasses": False},)),
        ("a man without a beard or glasses", (Who.MAN, {"beard": False, "glasses": False})),
        ("no glasses and a beard", ({"beard": True, "glasses": False},)),
        ("no hair, no hat", (Hair.BALD, Hat.NONE)),
        ("a person in a blue t shirt and a beanie at the office",
         (Who.PERSON, Garment.TSHIRT, Cloth.BLUE, Hat.WOOLLY, Place.OFFICE)),
        ("clean-shaven with headphones in a sweater with a hood", (Hat.HEADPHONES, Garment.HOODIE, {"beard": False})),
        ("", ()),
    ],
)  # fmt: skip
def test_what_is_said_of_a_person(text: str, said: tuple[Any, ...]) -> None:
    assert read_description(text) == described(*said)


def described(*said: Any) -> Description:
    names = {Who: "who", Hair: "hair", HairColour: "hair_colour", Garment: "garment", Cloth: "cloth", Hat: "hat"}
    names |= {Place: "place"}
    values: dict[str, Any] = {}
    for each in said:
        values |= each if isinstance(each, dict) else {names[type(each)]: each}
    return Description(**values)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("man, bald, grey beard", [("grey beard", "beard")]),
        ("a man with a beerd and glases", [("beerd", "beard"), ("glases", "glasses")]),
        ("a blond man in a suit at home", [("suit", "a jacket"), ("home", "a living room")]),
        ("long dark brown hair", [("dark", "black")]),
        ("brown eyes short hair", [("brown eyes", "")]),
        ("short guy with black hair", [("short guy", "guy")]),
        ("a black man in a white shirt", [("black man", "man")]),
        ("short hair, black glasses", [("black glasses", "glasses")]),
        ("a red checked shirt", [("checked", "")]),
        ("a man and a woman", [("woman", "")]),
        ("not bald", [("not bald", "")]),
        ("ein Mann mit Brille", [("ein", ""), ("mann", "man"), ("mit", ""), ("brille", "")]),
        ("👩 with 👓", [("👩", ""), ("👓", "")]),
    ],
)
def test_what_is_not_understood_is_named_with_the_nearest(text: str, unknown: list[tuple[str, str]]) -> None:
    assert read_description(text).unknown == tuple(Unknown(*each) for each in unknown)


def test_a_word_about_something_else_says_nothing() -> None:
    assert read_description("a black man in a white shirt").hair_colour is None
    assert read_description("brown eyes short hair").hair_colour is None
    assert read_description("short guy with black hair").hair is None


def test_what_is_said_first_counts() -> None:
    two = read_description("a bald man with long hair")
    assert two.hair is Hair.BALD
    assert two.unknown == (Unknown("long", ""),)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_description(text), Description)


words = st.sampled_from([*NOUNS, *HAIRCUTS, "a", "with", "no", "without", "is", "and", "or", ",", ";", "red", "zebra"])


@given(st.lists(words, max_size=25).map(" ".join))
def test_words_in_any_order_are_read_and_none_is_lost(text: str) -> None:
    read = read_description(text)
    if "zebra" in text.split():
        assert any("zebra" in each.word for each in read.unknown)


colours, cuts = st.sampled_from(HairColour), st.sampled_from(list(HAIRCUTS.items()))
garments, cloths = (
    st.sampled_from([Garment.SHIRT, Garment.JACKET, Garment.DRESS, Garment.TSHIRT]),
    st.sampled_from(Cloth),
)


@given(colours, cuts, garments, cloths, st.booleans(), st.randoms())
def test_the_order_of_the_parts_changes_nothing(
    colour: HairColour, cut: tuple[str, Hair], garment: Garment, cloth: Cloth, glasses: bool, random: Any
) -> None:
    parts = [f"{cut[0]} {colour} hair", f"a {cloth} {garment}", "glasses" if glasses else "no glasses", "a woman"]
    random.shuffle(parts)
    assert read_description(", ".join(parts)) == described(
        Who.WOMAN, cut[1], colour, garment, cloth, {"glasses": glasses}
    )


def test_a_long_text_is_read_to_a_limit_and_the_rest_is_named() -> None:
    read = read_description("very " * MOST_WORDS + "bald " * 100_000)
    assert read.hair is None
    assert read.unknown == (Unknown("bald ...", ""),)
    assert all(len(each.word) <= LONGEST_WORD for each in read_description("x" * 1_000_000).unknown)
