"""Portraits of people: what is encoded, the likeness they ask for, and the colours that a painting takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from node.vision.likeness import of_photo
from node.vision.look_transfer import encode_look
from node.vision.perception.observation import Observation, SeenFace
from node.vision.portrait_look import SIZE_FOR, apply_portrait, encode_portrait, is_portrait, look_of, wanted_by
from node.vision.scenes import Person, Scene, caption, draw, sample, variation_of
from node.vision.scenes.people import FACE_UNITS, face_position, skin_of
from node.vision.scenes.world import Cloth, Light
from protocol.errors import LookError


def somebody() -> Scene:
    scene = next(scene for scene in map(sample, range(12_500_000, 12_600_000)) if _plain(scene))
    assert isinstance(scene.subject, Person)
    return replace(scene, light=Light.DAY, subject=replace(scene.subject, cloth=Cloth.BLUE))


def _plain(scene: Scene) -> bool:
    return isinstance(scene.subject, Person) and not scene.subject.beard and not scene.subject.glasses


def seen(scene: Scene) -> Observation:
    x, y, size, tilt = face_position(variation_of(scene))
    face = SeenFace(x / 256, y / 256, size * FACE_UNITS / 256, tilt, yaw=0)
    return Observation(people=1, face=face, skin=(188, 140, 118), hair=(60, 50, 44), garment=(40, 70, 160))


@pytest.mark.parametrize("size", [8, 16])
def test_a_portrait_asks_for_the_likeness_that_was_seen(size: int) -> None:
    observation = seen(somebody())
    coded = encode_portrait(observation, size)
    assert len(coded) == SIZE_FOR[size] <= size
    assert is_portrait(coded)
    wanted, read = wanted_by(coded), of_photo(observation)
    assert wanted is not None
    assert read is not None
    assert wanted.skin == pytest.approx(read.skin, abs=0.06)
    assert wanted.across == pytest.approx(read.across, abs=0.14)


def test_without_face_skin_or_a_known_size_there_is_none() -> None:
    observation = seen(somebody())
    assert encode_portrait(observation, 0) == b""
    assert encode_portrait(replace(observation, face=None), 16) == b""
    assert encode_portrait(replace(observation, skin=None), 16) == b""
    assert not is_portrait(b"")


def test_a_photo_of_a_person_has_a_portrait_and_anything_else_a_coarse_picture() -> None:
    snapshot, observation = draw(somebody()), seen(somebody())
    assert look_of(snapshot, observation, 16) == encode_portrait(observation, 16)
    assert look_of(snapshot, None, 16) == look_of(snapshot, Observation(), 16) == encode_look(snapshot, 16)
    assert look_of(snapshot, observation, 0) == look_of(snapshot, Observation(people=1), 16) == b""


def test_skin_hair_and_garment_take_the_colours_and_the_wall_keeps_its_own() -> None:
    scene = somebody()
    observation = seen(scene)
    assert observation.skin is not None
    coded = encode_portrait(observation, 16)
    wanted = wanted_by(coded)
    assert wanted is not None
    drawn = np.asarray(draw(scene)).copy()
    skin = skin_of(wanted.skin)
    x, y, *_ = face_position(variation_of(scene))
    drawn[int(y) - 12 : int(y) - 6, int(x) - 3 : int(x) + 4] = skin
    moved = np.asarray(apply_portrait(Image.fromarray(drawn), caption(scene), coded))
    assert moved[int(y) - 9, int(x)] == pytest.approx(observation.skin, abs=2)
    garment = (drawn == (50, 106, 214)).all(axis=2)
    assert garment.sum() > 1000
    halfway = np.array((50, 106, 214)) + 0.7 * (np.array((40, 70, 160)) - (50, 106, 214))
    assert np.median(moved[garment], axis=0) == pytest.approx(halfway, abs=2)
    assert (moved[:20] == drawn[:20]).all()


def test_words_of_no_person_change_nothing() -> None:
    coded = encode_portrait(seen(somebody()), 16)
    painting = draw(somebody())
    assert apply_portrait(painting, "a cat sitting on top of a sofa", coded) is painting
    assert apply_portrait(painting, "", coded) is painting


def test_another_length_is_no_portrait() -> None:
    with pytest.raises(LookError):
        wanted_by(b"12345678")
