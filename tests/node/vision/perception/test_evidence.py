"""The numbers behind an action, of faces and hands in known positions."""

from __future__ import annotations

import numpy as np
import pytest
from posed import MIDDLE, PALM, face, hand

from node.vision.perception import evidence
from node.vision.perception.evidence import EVIDENCE, of_face, of_hands, of_things
from node.vision.perception.observation import SeenThing

SIZE = np.array([640.0, 480.0])

# A wrist whose hand is up beside the face.
BESIDE = (MIDDLE[0] + 130, MIDDLE[1] + 70)


def test_every_number_is_explained() -> None:
    found = {"person": 1.0} | of_face(face()) | of_hands([], face()) | of_things([], [], face(), SIZE)
    assert set(found) == set(EVIDENCE)


def test_turns_are_to_the_right_of_the_picture_and_the_eyes_make_up_for_the_head() -> None:
    found = of_face(face(yaw=-20.0, eyeLookOutRight=0.8, eyeLookInLeft=0.8))
    assert (found["yaw"], found["gaze"], found["turn"]) == pytest.approx((20.0, -0.8, 0.0))


def test_the_eye_that_is_closed_less_counts() -> None:
    assert of_face(face(eyeBlinkLeft=0.9, eyeBlinkRight=0.1))["blink"] == 0.1


@pytest.mark.parametrize(
    ("what", "one", "name"),
    [
        ("an open hand beside the face", hand(BESIDE, "timrp"), "wave"),
        ("a thumb", hand(BESIDE, "t", thumb_up=0.7), "thumb"),
        ("a finger that points up", hand(BESIDE, "i", pointing_up=0.8), "point"),
        ("a finger that points aside", hand(BESIDE, "i", angle=90), "point"),
    ],
)
def test_a_gesture_is_found_and_no_other(what: str, one: evidence.Hand, name: str) -> None:
    found = of_hands([one], face())
    assert {each for each, value in found.items() if value > 0} == {name}, what


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("a hand that hangs, which the classifier takes for a thumb", hand((320, 420), "timrp", 180, thumb_up=0.52)),
        ("an open hand before the face", hand((MIDDLE[0], MIDDLE[1] + 60), "timrp")),
        ("an open hand below the chin", hand((MIDDLE[0] + 130, MIDDLE[1] + 190), "timrp")),
        ("another person's small hand", hand(BESIDE, "timrp", palm=PALM * 0.5)),
        ("a fist", hand(BESIDE, "")),
        ("two fingers", hand(BESIDE, "im")),
        ("a thumb down", hand(BESIDE, "t", 180, thumb_up=0.5)),
        ("a thumb before the camera, that reads as a finger", hand(BESIDE, "i", pointing_up=0.1)),
    ],
)
def test_what_only_resembles_a_gesture_is_none(what: str, one: evidence.Hand) -> None:
    assert set(of_hands([one], face()).values()) == {0.0}, what


def test_without_a_face_an_open_hand_waves_only_if_the_gesture_says_so() -> None:
    assert of_hands([hand((100, 200), "timrp")], None)["wave"] == 0
    assert of_hands([hand((100, 200), "timrp", open_palm=0.7)], None)["wave"] > 0


def test_hands_are_together_below_the_face_and_near_each_other() -> None:
    chest = MIDDLE[1] + 240
    pair = [hand((300, chest), ""), hand((340, chest), "")]
    assert of_hands(pair, face())["together"] > 0
    assert of_hands([hand((220, chest), ""), hand((420, chest), "")], face())["together"] == 0
    mouth = [hand((300, MIDDLE[1] + 90), ""), hand((340, MIDDLE[1] + 90), "")]
    assert of_hands(mouth, face())["together"] == 0


def test_a_head_leans_on_a_hand_at_the_cheek_towards_which_it_bends() -> None:
    cheek = (MIDDLE[0] + 45, MIDDLE[1] + 95)
    assert of_hands([hand(cheek, "")], face(roll=12))["lean"] > 0
    assert of_hands([hand(cheek, "")], face(roll=0))["lean"] == 0
    assert of_hands([hand(cheek, "")], face(roll=-12))["lean"] == 0
    assert of_hands([hand(BESIDE, "")], face(roll=12))["lean"] == 0


def thing(name: str, x: float, y: float) -> SeenThing:
    return SeenThing(name, 0.7, ((x - 20) / 640, (y - 20) / 480, (x + 20) / 640, (y + 20) / 480))


def test_a_cup_counts_at_the_mouth_alone() -> None:
    at_mouth, on_table = thing("cup", MIDDLE[0] + 20, MIDDLE[1] + 50), thing("cup", 500, 400)
    assert of_things([on_table, at_mouth], [], face(), SIZE) == {"cup": 0.7, "phone": 0.0}
    assert of_things([on_table], [], face(), SIZE)["cup"] == 0
    assert of_things([at_mouth], [], None, SIZE)["cup"] == 0


def test_a_telephone_counts_at_a_hand_or_an_ear() -> None:
    holding = hand((500, 400), "")
    assert of_things([thing("cell phone", 500, 340)], [holding], None, SIZE)["phone"] == 0.7
    assert of_things([thing("cell phone", MIDDLE[0] + 70, MIDDLE[1])], [], face(), SIZE)["phone"] == 0.7
    assert of_things([thing("cell phone", 60, 440)], [holding], face(), SIZE)["phone"] == 0
