from __future__ import annotations

from node.vision.scenes.changes import SECONDS_PER_SCENE, SceneSequence
from node.vision.scenes.world import attributes


def test_one_attribute_changes_from_number_to_number() -> None:
    for seed in range(20):
        sequence = SceneSequence(seed)
        for number in range(12):
            before = attributes(sequence.scene(number * SECONDS_PER_SCENE))
            after = attributes(sequence.scene((number + 1) * SECONDS_PER_SCENE))
            assert before.keys() == after.keys()
            assert sum(before[name] != after[name] for name in before) == 1


def test_nothing_changes_within_a_number() -> None:
    sequence = SceneSequence(3)
    assert sequence.scene(0.0) == sequence.scene(SECONDS_PER_SCENE - 0.01)


def test_a_seed_gives_one_sequence_however_it_is_read() -> None:
    forwards, at_once = SceneSequence(8), SceneSequence(8)
    told = [forwards.scene(seconds) for seconds in range(0, 60, 4)]
    assert at_once.scene(56) == told[-1]
    assert at_once.scene(0) == told[0]


def test_who_and_where_stay() -> None:
    sequence = SceneSequence(5)
    places = {sequence.scene(seconds).place for seconds in range(0, 80, 4)}
    assert len(places) == 1


def test_the_camera_takes_pictures() -> None:
    picture = SceneSequence(2).image(1.5, size=64)
    assert picture.size == (64, 64)
    assert picture.tobytes() == SceneSequence(2).image(1.5, size=64).tobytes()
