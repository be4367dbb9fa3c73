"""Perception with the real models, on labelled photos, and on pictures that show little or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from node.bench.models.photos import evaluate_people
from node.vision.perception import files
from node.vision.perception.evidence import EVIDENCE
from node.vision.perception.observation import Observation, from_plain, to_plain
from node.vision.perception.perceiver import Perceiver
from node.vision.scenes.world import Action, Cloth
from protocol.errors import NodeError

MAN = "head-pose-face-detection-male-005.jpg"
TWO = "face_detector-testImg.jpg"


@pytest.fixture(scope="module")
def man(shared_people: Path) -> Image.Image:
    """A smiling man in a blue T-shirt before a grey wall."""
    return Image.open(shared_people / MAN).convert("RGB")


def test_the_goals_hold_on_the_labelled_photos(perceiver: Perceiver, shared_people: Path) -> None:
    ticks: list[int] = []
    people = evaluate_people(shared_people, lambda: perceiver, lambda: ticks.append(1))["people"]
    assert people["pictures"] == len(ticks) >= 48
    assert people["action"] >= 0.92
    assert people["face"] >= 0.98
    assert people["cloth"] >= 0.88
    assert (people["invented"], people["nobody"]) == (0, 1.0)


def test_an_observation_has_all_that_the_picture_shows(perceiver: Perceiver, man: Image.Image) -> None:
    before = man.tobytes()
    seen = perceiver.observe(man)
    assert (seen.people, seen.action, seen.cloth, seen.blind) == (1, Action.SMILING, Cloth.BLUE, False)
    assert seen.face is not None
    assert 0.4 < seen.face.x < 0.6
    assert 0.2 < seen.face.y < 0.5
    assert 0.2 < seen.face.size < 0.45
    assert abs(seen.face.roll) < 5
    assert set(seen.evidence) == set(EVIDENCE)
    assert seen.skin is not None
    assert seen.skin[0] > seen.skin[2]
    assert seen.garment is not None
    assert seen.garment[2] > seen.garment[0]
    assert from_plain(to_plain(seen)) == seen
    assert man.tobytes() == before


def test_the_same_picture_is_seen_the_same(perceiver: Perceiver, man: Image.Image) -> None:
    first = perceiver.observe(man)
    perceiver.observe(Image.new("RGB", (64, 64)))
    assert perceiver.observe(man) == first


def test_a_mirrored_picture_shows_the_mirror_image(perceiver: Perceiver, man: Image.Image) -> None:
    seen, mirrored = perceiver.observe(man), perceiver.observe(ImageOps.mirror(man))
    assert (mirrored.action, mirrored.cloth, mirrored.people) == (seen.action, seen.cloth, seen.people)
    assert seen.face is not None
    assert mirrored.face is not None
    assert mirrored.face.x == pytest.approx(1 - seen.face.x, abs=0.02)


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
def test_a_camera_on_its_side_is_seen_upright(perceiver: Perceiver, man: Image.Image, turn: Image.Transpose) -> None:
    seen = perceiver.observe(man.transpose(turn))
    assert (seen.people, seen.action, seen.cloth) == (1, Action.SMILING, Cloth.BLUE)
    assert seen.face is not None
    assert abs(seen.face.roll) < 10


def test_a_grey_picture_has_an_action_and_no_colours(perceiver: Perceiver, man: Image.Image) -> None:
    seen = perceiver.observe(man.convert("L"))
    assert seen.action is Action.SMILING
    assert (seen.cloth, seen.skin, seen.hair, seen.garment) == (None, None, None, None)


@pytest.mark.parametrize("level", [0, 6, 128, 255])
def test_a_picture_that_shows_nothing_says_nothing(perceiver: Perceiver, level: int) -> None:
    seen = perceiver.observe(Image.new("RGB", (320, 240), (level, level, level)))
    assert seen == Observation(blind=True)


def test_of_two_people_of_a_size_both_are_counted_and_the_larger_is_seen(
    perceiver: Perceiver, shared_people: Path
) -> None:
    seen = perceiver.observe(Image.open(shared_people / TWO))
    assert (seen.people, seen.action, seen.cloth) == (2, Action.NOTHING, Cloth.PURPLE)


def test_a_tiny_person_far_away_has_no_action_that_could_not_be_seen(perceiver: Perceiver, man: Image.Image) -> None:
    wall = Image.new("RGB", (960, 540), man.getpixel((10, 10)))
    wall.paste(man.resize((64, 36)), (440, 300))
    seen = perceiver.observe(wall)
    assert seen.action in (None, Action.NOTHING, Action.SMILING)


def test_noise_shows_nobody(perceiver: Perceiver) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    assert perceiver.observe(Image.fromarray(noise)).face is None


@pytest.mark.parametrize(
    ("mode", "size"), [("L", (1, 1)), ("RGBA", (3000, 20)), ("P", (7, 900)), ("RGB", (4000, 3000))]
)
def test_any_size_and_mode_is_taken(perceiver: Perceiver, mode: str, size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 80).convert(mode)
    assert perceiver.observe(image).face is None


def test_altered_models_are_never_loaded(tmp_path: Path) -> None:
    for file in files.FILES:
        (tmp_path / file.name).write_bytes(bytes(file.size))
    with pytest.raises(NodeError, match=r"altered.*models fetch people"):
        Perceiver(tmp_path)


def test_missing_models_are_one_line_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="models fetch people"):
        Perceiver(tmp_path)
