"""The action by the evidence of one snapshot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vision.perception.actions import action_of
from node.vision.perception.evidence import EVIDENCE
from node.vision.scenes.world import Action

FACE = {"face": 0.95, "pixels": 120.0}


@pytest.mark.parametrize(
    ("evidence", "action"),
    [
        ({}, Action.NOTHING),
        ({"smile": 0.6}, Action.SMILING),
        ({"smile": 0.43}, Action.NOTHING),
        ({"jaw": 0.3}, Action.TALKING),
        ({"jaw": 0.3, "smile": 0.9}, Action.SMILING),
        ({"jaw": 0.4, "smile": 0.9}, Action.TALKING),
        ({"blink": 0.9}, Action.SLEEPING),
        ({"blink": 0.66, "down": 0.62, "squint": 0.5}, Action.SLEEPING),
        ({"blink": 0.67, "down": 0.77, "squint": 0.5}, Action.NOTHING),  # narrow eyes on a screen
        ({"blink": 0.9, "smile": 0.8}, Action.SMILING),  # laughing
        ({"turn": -25.0}, Action.LOOKING_AWAY),
        ({"turn": 12.0, "yaw": 20.0}, Action.NOTHING),
        ({"turn": 12.0, "yaw": 30.0}, Action.LOOKING_AWAY),
        ({"smile": 0.9, "turn": 30.0}, Action.SMILING),
        ({"cup": 0.5, "jaw": 0.9}, Action.DRINKING),
        ({"phone": 0.6, "smile": 0.9}, Action.PHONE),
        ({"wave": 0.9, "cup": 0.5}, Action.WAVING),
        ({"thumb": 0.7, "wave": 0.9, "smile": 0.9}, Action.THUMBS_UP),
        ({"thumb": 0.4}, Action.NOTHING),
        ({"point": 0.9}, Action.POINTING),
        ({"lean": 0.9}, Action.LEANING),
        ({"together": 0.9}, Action.HANDS_TOGETHER),
        ({"together": 0.9, "smile": 0.6}, Action.SMILING),
    ],
)
def test_the_first_rule_that_holds_is_the_action(evidence: dict[str, float], action: Action) -> None:
    assert action_of(FACE | evidence) is action


def test_without_a_face_only_hands_and_things_speak() -> None:
    assert action_of({"person": 0.9}) is None
    assert action_of({"person": 0.9, "thumb": 0.7}) is Action.THUMBS_UP
    assert action_of({"person": 0.9, "smile": 0.9}) is None


def test_a_tiny_face_says_nothing() -> None:
    assert action_of(FACE | {"pixels": 15.0, "smile": 0.9}) is None


def test_in_a_picture_on_its_side_no_gesture_is_believed() -> None:
    assert action_of(FACE | {"roll": 170.0, "thumb": 0.8, "wave": 0.9, "point": 0.9}) is Action.NOTHING
    assert action_of(FACE | {"roll": -80.0, "smile": 0.9}) is Action.SMILING


@given(st.dictionaries(st.sampled_from(sorted(EVIDENCE)), st.floats(-200, 200)))
def test_any_evidence_has_an_action_or_none(evidence: dict[str, float]) -> None:
    assert action_of(evidence) in {*Action, None}
