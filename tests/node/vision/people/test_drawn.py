"""Captions of drawings, held over several snapshots."""

from __future__ import annotations

import pytest

from node.vision.people.drawn import ANOTHER_SCENE, LASTING_OTHERS_S, DrawnWatcher, scene_of
from node.vision.scenes import attributes, caption, sample
from node.vision.scenes.grammar import attributes_of
from node.vision.scenes.world import Nobody, Person

YELLOW_JACKET = "a man with short black hair wearing a yellow jacket is talking in an office"
ORANGE_JACKET = YELLOW_JACKET.replace("a yellow", "an orange")
YELLOW_SHIRT = YELLOW_JACKET.replace("jacket", "shirt")
WAVING = YELLOW_JACKET.replace("talking", "waving")
CAT = "a cat sitting on top of a wooden bench in a park"


def run(watcher: DrawnWatcher, *captions: str, start: float = 0.0) -> list[str]:
    return [watcher.update(words, start + number / 2) for number, words in enumerate(captions)]


def test_the_first_caption_holds_at_once() -> None:
    watcher = DrawnWatcher()
    assert run(watcher, YELLOW_JACKET) == [YELLOW_JACKET]
    assert not watcher.pending


def test_a_jacket_stays_what_it_was() -> None:
    captions = (YELLOW_JACKET, YELLOW_SHIRT, YELLOW_JACKET, ORANGE_JACKET, ORANGE_JACKET, ORANGE_JACKET, YELLOW_SHIRT)
    assert set(run(DrawnWatcher(), *captions)) == {YELLOW_JACKET}


def test_what_captions_keep_saying_is_believed_in_the_end() -> None:
    captions = [ORANGE_JACKET] * (int(LASTING_OTHERS_S * 2) + 3)
    assert run(DrawnWatcher(), YELLOW_JACKET, *captions)[-1] == ORANGE_JACKET


def test_an_action_takes_two_captions() -> None:
    watcher = DrawnWatcher()
    assert run(watcher, YELLOW_JACKET, WAVING) == [YELLOW_JACKET] * 2
    assert watcher.pending
    assert watcher.update(WAVING, 1.0) == WAVING


def test_an_action_comes_through_misread_clothes() -> None:
    misread = WAVING.replace("a yellow", "an orange")
    assert run(DrawnWatcher(), YELLOW_JACKET, misread, misread)[-1] == WAVING


def test_another_scene_holds_once_two_captions_say_so() -> None:
    watcher = DrawnWatcher()
    assert run(watcher, YELLOW_JACKET, CAT, YELLOW_JACKET, CAT, CAT) == [*[YELLOW_JACKET] * 4, CAT]
    assert len(attributes_of(CAT)) > ANOTHER_SCENE


def test_words_of_no_drawn_world_hold_at_once() -> None:
    words = ("a photo of a bus", "two buses", YELLOW_JACKET, "")
    assert run(DrawnWatcher(), *words) == list(words)


@pytest.mark.parametrize("seed", range(60))
def test_a_scene_is_made_of_its_attributes_again(seed: int) -> None:
    scene = sample(seed)
    said = attributes_of(caption(scene))
    if isinstance(scene.subject, Person):
        said = {"hair_colour": "black", "thing": "nothing"} | said
    assert attributes(scene_of(said)) == attributes(scene)
    assert isinstance(scene_of({"place": "office", "light": "day"}).subject, Nobody)
