"""The gate before drawn scenes, as a webcam would deliver them: grainy, flickering, slowly changing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from node.vision.gate import Gate
from node.vision.scenes import SceneSequence

SIDE = 256


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return SceneSequence(3).image(0.0)


def grainy(image: Image.Image, levels: float, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, levels, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image, dtype=np.float32) + noise, 0, 255).astype(np.uint8))


def lit(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def test_the_first_snapshot_passes_and_its_repetition_does_not(scene: Image.Image) -> None:
    gate = Gate()
    assert gate.changed(scene)
    assert not gate.changed(scene)


def test_another_scene_passes_once(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(scene)
    other = SceneSequence(4).image(0.0)
    assert [gate.changed(other), gate.changed(other)] == [True, False]


@pytest.mark.parametrize("levels", [4, 10, 20])
def test_a_webcams_grain_does_not_pass(scene: Image.Image, levels: float) -> None:
    gate = Gate()
    gate.changed(grainy(scene, levels, 0))
    assert not any(gate.changed(grainy(scene, levels, seed)) for seed in range(1, 60))


def test_a_change_shows_through_the_grain(scene: Image.Image) -> None:
    gate = Gate()
    for seed in range(20):
        gate.changed(grainy(scene, 10, seed))
    assert gate.changed(grainy(with_hand(scene), 10, 99))


def test_a_lamps_flicker_does_not_pass(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(scene)
    assert not any(gate.changed(lit(scene, factor)) for factor in (1.04, 0.96, 1.03, 0.95, 1.0))


def test_a_lamp_that_goes_out_passes(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(scene)
    assert gate.changed(lit(scene, 0.4))


def test_a_slow_fade_passes_before_it_is_over(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(scene)
    fade = [Image.blend(scene, SceneSequence(4).image(0.0), step / 100) for step in range(1, 101)]
    passed = [gate.changed(image) for image in fade]
    assert any(passed)
    assert sum(passed) < 60


def with_hand(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).ellipse((200, 90, 222, 114), fill=(235, 190, 160), outline=(90, 60, 40))
    return image


def with_mouth(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).ellipse((118, 130, 138, 144), fill=(120, 30, 40))
    return image


@pytest.mark.parametrize("change", [with_hand, with_mouth])
def test_a_small_change_passes(scene: Image.Image, change) -> None:
    gate = Gate()
    gate.changed(scene)
    assert gate.changed(change(scene))


@pytest.mark.parametrize("seed", range(6))
def test_each_change_of_a_story_passes(seed: int) -> None:
    sequence, gate = SceneSequence(seed), Gate()
    before = sequence.scene(0.0)
    gate.changed(sequence.image(0.0))
    for half_seconds in range(1, 60):
        seconds = half_seconds / 2
        passed = gate.changed(sequence.image(seconds))
        after = sequence.scene(seconds)
        assert passed or after == before, f"{before} became {after}"
        before = after


def test_a_face_that_breathes_does_not_pass() -> None:
    sequence, gate = SceneSequence(1), Gate()
    start = next(half / 2 for half in range(1, 60) if sequence.scene(half / 2) != sequence.scene(half / 2 - 0.5))
    gate.changed(sequence.image(start))
    assert not any(gate.changed(sequence.image(start + step / 4)) for step in range(1, 12))


def test_in_a_dim_room_smaller_differences_count(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(lit(scene, 0.3))
    assert gate.changed(lit(with_hand(scene), 0.3))


def test_a_snapshot_of_another_size_and_mode_is_compared_all_the_same(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(scene)
    assert not gate.changed(scene.resize((640, 640), Image.Resampling.BILINEAR))
    assert not gate.changed(scene.convert("RGBA"))


def test_after_a_reset_the_same_snapshot_passes_again(scene: Image.Image) -> None:
    gate = Gate()
    gate.changed(scene)
    gate.reset()
    assert gate.changed(scene)


def test_a_higher_threshold_lets_less_through(scene: Image.Image) -> None:
    gate = Gate(threshold=10.0)
    gate.changed(scene)
    assert not gate.changed(with_hand(scene))
