"""Likeness: read of photos by perception's numbers, of drawings by pixels and head, and settled over a call."""

from __future__ import annotations

from dataclasses import astuple, replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from node.vision.likeness import (
    EDGE,
    HEAD_FILE,
    LikenessHead,
    SettledLikeness,
    drawn_skin,
    of_photo,
    skin_share,
)
from node.vision.perception.observation import Observation, SeenFace
from node.vision.scenes import Person, Variation, caption, draw, sample, variation_of
from node.vision.scenes.people import face_position, skin_of
from node.vision.scenes.world import Light

SOMEBODY = Variation(skin=0.8, across=0.3, down=0.5, size=0.6, tilt=0.5)


def people(number: int) -> list[tuple[int, Image.Image, Variation, Light]]:
    seeds = (seed for seed in count(12_500_000) if isinstance(sample(seed).subject, Person))
    scenes = [(seed, sample(seed)) for seed in islice(seeds, number)]
    return [(seed, draw(scene), variation_of(scene), scene.light) for seed, scene in scenes]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.83, 1.0])
@pytest.mark.parametrize("light", list(Light))
def test_a_skins_own_colour_gives_its_share(share: float, light: Light) -> None:
    from node.vision.scenes.lights import LIGHTING

    assert skin_share(LIGHTING[light].figure(skin_of(share)), light) == pytest.approx(share, abs=0.011)


def test_a_photos_face_is_put_where_it_is() -> None:
    x, y, size, tilt = face_position(SOMEBODY)
    seen = SeenFace(x / 256, y / 256, size * 95 * 1.16 / 256, roll=tilt, yaw=0)
    read = of_photo(Observation(people=1, face=seen, skin=skin_of(SOMEBODY.skin)))
    assert read is not None
    assert astuple(read) == pytest.approx(astuple(SOMEBODY), abs=0.006)


def test_a_face_outside_the_drawn_worlds_room_is_put_at_its_edge() -> None:
    read = of_photo(Observation(people=1, face=SeenFace(0.02, 0.98, 0.1, roll=-40, yaw=0), skin=(0, 0, 0)))
    assert read == Variation(1.0, EDGE, 1 - EDGE, EDGE, EDGE)


def test_what_perception_does_not_see_has_no_likeness() -> None:
    face = SeenFace(0.5, 0.5, 0.4, 0, 0)
    assert of_photo(Observation()) is None
    assert of_photo(Observation(people=1, face=face)) is None
    assert of_photo(Observation(people=1, skin=(200, 150, 120))) is None


def test_skin_is_read_of_drawings_in_every_light_sharp_and_soft() -> None:
    errors = []
    for _, picture, variation, light in people(60):
        for seen in (picture, picture.filter(ImageFilter.GaussianBlur(1)), picture.resize((640, 640))):
            share = drawn_skin(seen, light)
            errors.append(1.0 if share is None else abs(share - variation.skin))
    assert np.quantile(errors, 0.95) < 0.02


def test_a_picture_without_skin_has_none() -> None:
    assert drawn_skin(Image.new("RGB", (256, 256), (20, 90, 200)), Light.DAY) is None


def test_the_head_maps_features_and_the_pixels_decide_the_skin(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    weights = np.eye(6, 5, dtype=np.float16)
    safetensors.save_file({"weights": weights, "bias": np.full(5, 0.1, np.float32)}, tmp_path / HEAD_FILE)
    head = LikenessHead.beside(str(tmp_path))
    assert head is not None
    seed, picture, variation, _ = people(1)[0]
    features = np.array([[0.0, 0.2, 0.3], [0.4, 5.0, -3.0]], np.float32)
    read = head.read(caption(sample(seed)), picture, features)
    assert read is not None
    assert astuple(read) == pytest.approx((variation.skin, 0.3, 0.4, 0.5, 1.0), abs=0.02)
    assert head.read("a cat sitting on top of a sofa", picture, features) is None
    assert head.read("no caption of the drawn world", picture, features) is None
    with pytest.raises(ValueError, match="matmul"):
        head.read(caption(sample(seed)), picture, features[:1])


def test_a_folder_without_a_head_has_none(tmp_path: Path) -> None:
    assert LikenessHead.beside(str(tmp_path)) is None
    assert LikenessHead.beside("some/hub-id") is None


def test_a_likeness_settles_and_noise_does_not_move_it() -> None:
    settled = SettledLikeness()
    assert settled.settled() is None
    rng = np.random.default_rng(0)
    found = set()
    for _ in range(200):
        shaken = rng.normal(0, [0.04, 0.1, 0.1, 0.1, 0.3])
        settled.notice(Variation(*map(float, np.array(astuple(SOMEBODY)) + shaken)))
        found.add(settled.settled())
    assert len(found) == 1
    assert abs(found.pop().skin - SOMEBODY.skin) < 0.13  # type: ignore[union-attr]


def test_a_first_glance_that_was_wrong_is_put_right_by_the_median() -> None:
    settled = SettledLikeness()
    for skin in (0.6, 0.8, 0.8, 0.8):
        settled.notice(replace(SOMEBODY, skin=skin))
        settled.settled()
    assert settled.settled() == SOMEBODY


def test_a_person_who_moves_by_much_is_followed_after_three_snapshots() -> None:
    settled, moved = SettledLikeness(), replace(SOMEBODY, across=0.95, tilt=0.9)
    for _ in range(20):
        settled.notice(SOMEBODY)
    assert settled.settled() == SOMEBODY
    found = []
    for _ in range(4):
        settled.notice(moved)
        found.append(settled.settled())
    assert found == [SOMEBODY, SOMEBODY, moved, moved]


def test_another_person_in_the_same_place_is_noticed() -> None:
    settled = SettledLikeness()
    for _ in range(60):
        settled.notice(SOMEBODY)
    for _ in range(5):
        settled.notice(replace(SOMEBODY, skin=0.1))
    now = settled.settled()
    assert now is not None
    assert now.skin == 0.1


def test_nobody_for_a_while_changes_nothing_and_a_restart_forgets() -> None:
    settled = SettledLikeness()
    settled.notice(SOMEBODY)
    settled.notice(None)
    assert settled.settled() == SOMEBODY
    settled.restart()
    assert settled.settled() is None
    settled.notice(SOMEBODY)
    settled.notice(replace(SOMEBODY, skin=0.2))
    settled.restart()
    assert settled.settled() == replace(SOMEBODY, skin=0.2)
