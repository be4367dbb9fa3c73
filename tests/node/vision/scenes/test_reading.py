from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.vision.scenes import attributes, caption, phrasings, sample
from node.vision.scenes.reading import Coverage, coverage, read_caption

FOREIGN = Path(__file__).parents[3] / "data" / "foreign_captions.txt"
COCO = Path(__file__).parents[5] / "shared" / "data" / "captions" / "coco_dev.txt"
BENCH = "a cat sitting on top of a wooden bench"


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_any_phrasing_reads_back_as_its_scene(seed: int, wording: int) -> None:
    scene = sample(seed)
    text = phrasings(scene, random.Random(wording))
    read = read_caption(text)
    assert read is not None
    assert attributes(read) == attributes(scene)
    assert coverage(text) == Coverage(caption(scene), "")


@given(st.text(max_size=200))
def test_any_other_text_is_no_scene(text: str) -> None:
    assert read_caption(text) is None
    assert coverage(text) == Coverage("", " ".join(text.split()))


@pytest.mark.parametrize(
    "text",
    [
        "a bald man with long red hair wearing a red shirt is smiling",
        "a man with long red hair and short red hair wearing a red shirt is smiling",
        "a natural cat sitting on a chair",
        "a cat sitting on a chair with a nothing",
        "a cat sitting on a grass",
        "a dog sitting on the grass in a kitchen",
    ],
)
def test_what_goes_not_together_is_no_scene(text: str) -> None:
    assert read_caption(text) is None


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("A cat sitting on a bench.", BENCH),
        ("The cat sits on the bench", BENCH),
        ("there is a cat sitting on top of a bench", BENCH),
        ("cat sitting on bench", ""),
        ("gray cat sleeping on the couch", "a grey cat sleeping on top of a sofa"),
        ("The  dog is sitting on the grass!", "a dog sitting on the grass"),
        ("A woman in a red tee is laughing", "a woman wearing a red t-shirt is smiling"),
    ],
)
def test_small_liberties_change_no_meaning(text: str, known: str) -> None:
    assert coverage(text) == Coverage(known, "" if known else text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("a cat sitting on a table looking straight ahead", "looking straight ahead"),
        ("a cat sitting on a table and a Motorcycle", "and a Motorcycle"),
        ("a cat sitting on a table, a train", "a train"),
        ("a cat sitting on a table with a red cup", "with a red cup"),
    ],
)
def test_what_follows_a_whole_scene_is_the_rest(text: str, rest: str) -> None:
    assert coverage(text) == Coverage("a cat sitting on top of a table", rest)


@pytest.mark.parametrize(
    "text",
    [
        "a cat on a motorcycle",
        "a cat sitting on a table leg",
        "two cats sitting on a table",
        "a cat and a dog sitting on a bench",
        "a toy cat sitting on a bench",
        "no cat sitting on a bench",
        "a cat not sitting on a bench",
        "a painting of a cat sitting on a bench",
        "a woman smiling",
        "a man in a striped shirt is smiling",
        "Eine Katze sitzt auf dem Sofa",
        "",
    ],
)
def test_what_could_be_a_lie_is_not_known(text: str) -> None:
    assert coverage(text) == Coverage("", text)


def test_nothing_is_lost_of_what_is_not_known() -> None:
    text = "a cat sitting on a bench with " + "very " * 5000 + "large ears"
    covered = coverage(text)
    assert covered.known == BENCH
    assert covered.rest.endswith("large ears")
    assert coverage("cat " * 5000).rest == "cat " * 4999 + "cat"


def test_sentences_in_other_languages_are_not_known() -> None:
    sentences = FOREIGN.read_text("utf-8").splitlines()
    assert len(sentences) == 20
    assert [text for text in sentences if coverage(text).known] == []


@pytest.mark.skipif(not COCO.exists(), reason="COCO's captions are not part of the repository")
def test_of_cocos_sentences_only_those_of_the_world_are_known() -> None:
    covered = map(coverage, COCO.read_text("utf-8").splitlines())
    assert [each for each in covered if each.known] == [
        Coverage("a cat sitting on top of a table", "looking straight ahead")
    ]
