from __future__ import annotations

from node.vision.scenes.changes import CHAPTER_SECONDS, Story
from node.vision.scenes.world import attributes


def test_one_attribute_changes_from_chapter_to_chapter() -> None:
    for seed in range(20):
        story = Story(seed)
        for chapter in range(12):
            before = attributes(story.scene(chapter * CHAPTER_SECONDS))
            after = attributes(story.scene((chapter + 1) * CHAPTER_SECONDS))
            assert before.keys() == after.keys()
            assert sum(before[name] != after[name] for name in before) == 1


def test_nothing_changes_within_a_chapter() -> None:
    story = Story(3)
    assert story.scene(0.0) == story.scene(CHAPTER_SECONDS - 0.01)


def test_a_seed_tells_one_story_however_it_is_read() -> None:
    forwards, at_once = Story(8), Story(8)
    told = [forwards.scene(seconds) for seconds in range(0, 60, 4)]
    assert at_once.scene(56) == told[-1]
    assert at_once.scene(0) == told[0]


def test_who_and_where_stay() -> None:
    story = Story(5)
    places = {story.scene(seconds).place for seconds in range(0, 80, 4)}
    assert len(places) == 1


def test_the_camera_takes_pictures() -> None:
    picture = Story(2).image(1.5, size=64)
    assert picture.size == (64, 64)
    assert picture.tobytes() == Story(2).image(1.5, size=64).tobytes()
