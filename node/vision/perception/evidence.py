"""The numbers from which an action is read: of the face, of the hands, and of things near them.

Each is 0 if it was looked for and not found, and missing if it could not be looked for: without a face there is no
blink. EVIDENCE says what each means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from node.vision.perception.crops import Points
from node.vision.perception.face import CHEEKS, CHIN, MOUTH, Face
from node.vision.perception.gestures import FINGERS, THUMB_TIP, WRIST, Hand
from node.vision.perception.observation import SeenThing

EVIDENCE = {
    "person": "the detector's score of the largest person",
    "face": "the detector's score of the face",
    "pixels": "the face's height, hairline to chin, in pixels of the picture as it was looked at",
    "yaw": "degrees by which the head is turned, to the right of the picture if positive",
    "pitch": "degrees by which it is lifted; what a level head reads depends on the camera's height",
    "roll": "degrees by which it leans, to the right of the picture if positive",
    "gaze": "where the eyes turn in the head, -1 to 1, to the right of the picture if positive",
    "turn": "degrees by which head and eyes together are turned from the camera",
    "blink": "how far the eye that is closed less is closed, 0 to 1",
    "down": "how far the eyes look down, 0 to 1: this too lowers the lids",
    "squint": "how far the lids are pressed together, 0 to 1",
    "jaw": "how far the jaw is open, 0 to 1",
    "smile": "how far the corners of the mouth are up, 0 to 1",
    "thumb": "a thumb held up, 0 to 1",
    "wave": "an open hand held up beside the face, 0 to 1",
    "point": "an index finger held out alone, 0 to 1",
    "together": "both hands together in front of the body, 0 to 1",
    "lean": "the head resting on a hand, 0 to 1",
    "cup": "the score of a cup, a glass or a bottle at the mouth",
    "phone": "the score of a telephone at a hand or an ear",
}

# Degrees that the eyes turn when their blendshapes say 1.
GAZE_DEGREES = 25.0

# How far a fingertip is from the wrist, relative to its middle joint: a straight finger has 1.3, a curled one .6 to .8.
STRAIGHT, CURLED = 1.2, 1.05

# Degrees from upright within which a hand is held up. Hanging hands have 160 to 180.
RAISED = 50.0

# How far the tips of index and little finger are apart, in lengths of the palm: less is a hand seen from the side.
SPREAD = 0.45

# A hand belongs to the face if its palm's length, in widths of the face, lies between these; others' are smaller.
OWN_HAND = (0.33, 1.2)

# The gesture's share of a hand without a face beside it, and of a finger that points up.
OPEN_PALM, POINTING_UP = 0.5, 0.4

# In widths of the face from its middle: a hand nearer is in front of the face and not beside it.
BESIDE = 0.55

# The thumb's tip is above all other points of the hand, by this share of the palm's length at least.
THUMB_ABOVE = 0.1

# Middles of both palms apart, in lengths of a palm; and how far the hands are below the chin, in heights of the face:
# hands before the mouth hide it, and are not held together.
TOUCHING, BELOW_CHIN = 1.3, 0.95

# A head rests on a hand that is this near the cheek or jaw (in widths of the face), at most this high above and below
# the chin (in heights), and leans towards it by these degrees: a hand that merely passes by bends nobody's head.
CHEEK_NEAR, CHEEK_RANGE, LEANING_ROLL = 0.25, (-0.6, 0.45), 6.0
JAW = (*CHEEKS[:4], CHIN, 172, 397, 136, 365)

# A cup is at the mouth up to this far away, in heights of the face; a telephone at a hand, in lengths of its palm, and
# at an ear, in widths of the face from its middle.
AT_MOUTH, AT_HAND, AT_EAR = 0.25, 0.6, 0.9

CUPS = frozenset({"cup", "bottle", "wine glass"})
PHONE = "cell phone"


def of_face(face: Face) -> dict[str, float]:
    """Return the evidence of a face."""
    shapes = face.shapes
    right = (shapes["eyeLookOutLeft"] + shapes["eyeLookInRight"]) / 2
    left = (shapes["eyeLookOutRight"] + shapes["eyeLookInLeft"]) / 2
    gaze, yaw = right - left, -face.yaw
    return {
        "face": face.score,
        "pixels": face.height,
        "yaw": yaw,
        "pitch": face.pitch,
        "roll": face.roll,
        "gaze": gaze,
        "turn": yaw + GAZE_DEGREES * gaze,
        "blink": min(shapes["eyeBlinkLeft"], shapes["eyeBlinkRight"]),
        "down": (shapes["eyeLookDownLeft"] + shapes["eyeLookDownRight"]) / 2,
        "squint": (shapes["eyeSquintLeft"] + shapes["eyeSquintRight"]) / 2,
        "jaw": shapes["jawOpen"],
        "smile": (shapes["mouthSmileLeft"] + shapes["mouthSmileRight"]) / 2,
    }


def of_hands(hands: Sequence[Hand], face: Face | None) -> dict[str, float]:
    """Return the evidence of the hands, beside the face if there is one."""
    own = [hand for hand in hands if face is None or OWN_HAND[0] < hand.size / face.width < OWN_HAND[1]]
    return {
        "thumb": max(map(thumb_up, own), default=0.0),
        "wave": max((waving(hand, face) for hand in own), default=0.0),
        "point": max(map(pointing, own), default=0.0),
        "together": together(own, face),
        "lean": max((leaning(hand, face) for hand in own), default=0.0),
    }


def of_things(things: Sequence[SeenThing], hands: Sequence[Hand], face: Face | None, size: Points) -> dict[str, float]:
    """Return the evidence of cups and telephones; `size` is the picture's in pixels, which boxes are shares of."""
    cup = phone = 0.0
    for thing in things:
        box = np.asarray(thing.box) * np.tile(size, 2)
        if thing.name in CUPS and face is not None and distance(face.points[MOUTH], box) < AT_MOUTH * face.height:
            cup = max(cup, thing.score)
        if thing.name == PHONE and (_at_hand(box, hands) or _at_ear(box, face)):
            phone = max(phone, thing.score)
    return {"cup": cup, "phone": phone}


def thumb_up(hand: Hand) -> float:
    """Return the share of the gesture, or 0 if the hand's points say otherwise: a hanging hand reads as .5."""
    others = np.delete(hand.points[:, 1], [THUMB_TIP, THUMB_TIP - 1])
    above = others.min() - hand.points[THUMB_TIP, 1] > THUMB_ABOVE * hand.size
    curled = sum(reach < CURLED for reach in reaches(hand)) >= 3
    return hand.gestures["thumb up"] if above and curled else 0.0


def waving(hand: Hand, face: Face | None) -> float:
    """Return the hand's certainty if it is open and held up, beside the face if there is one, else 0."""
    spread = np.hypot(*(hand.points[8, :2] - hand.points[20, :2])) > SPREAD * hand.size
    if min(reaches(hand)) < STRAIGHT or tilt(hand) > RAISED or not spread:
        return 0.0
    if face is not None:
        beside = abs(hand.middle[0] - face.middle[0]) > BESIDE * face.width
        high = hand.points[12, 1] < face.points[CHIN, 1]
        if not (beside and high):
            return 0.0
    elif hand.gestures["open palm"] < OPEN_PALM:
        return 0.0
    return hand.presence


def pointing(hand: Hand) -> float:
    """Return the hand's certainty if its index finger is straight and no other is, else 0.

    Of a finger that points up the gesture must say so too: a thumb before the camera is taken for one.
    """
    index, *others = reaches(hand)
    if index < STRAIGHT or max(others) > CURLED or tilt(hand) > 90 + RAISED:
        return 0.0
    return hand.presence if tilt(hand) > RAISED or hand.gestures["pointing up"] > POINTING_UP else 0.0


def together(hands: Sequence[Hand], face: Face | None) -> float:
    """Return the lesser certainty of two hands that touch below the face, else 0."""
    if len(hands) < 2 or face is None:
        return 0.0
    one, other = hands[:2]
    apart = np.hypot(*(one.middle - other.middle)) / max(one.size, other.size)
    low = face.points[CHIN, 1] + BELOW_CHIN * face.height
    below = min(one.middle[1], other.middle[1]) > low
    return min(one.presence, other.presence) if apart < TOUCHING and below else 0.0


def leaning(hand: Hand, face: Face | None) -> float:
    """Return the hand's certainty if the head rests on it, else 0."""
    if face is None:
        return 0.0
    gaps = face.points[list(JAW), None, :2] - hand.points[None, [WRIST, 5, 9, 13, 17, 6, 10, 14, 18], :2]
    near = np.hypot(gaps[..., 0], gaps[..., 1]).min() < CHEEK_NEAR * face.width
    low = (hand.middle[1] - face.points[CHIN, 1]) / face.height
    towards = face.roll * np.sign(hand.middle[0] - face.middle[0]) > LEANING_ROLL
    beneath = hand.points[WRIST, 1] > hand.middle[1]
    return hand.presence if near and CHEEK_RANGE[0] < low < CHEEK_RANGE[1] and towards and beneath else 0.0


def reaches(hand: Hand) -> list[float]:
    """Return how far each fingertip but the thumb's is from the wrist, relative to the finger's middle joint."""
    flat = hand.points[:, :2]
    far = np.hypot(*(flat - flat[WRIST]).T)
    return [float(far[tip] / max(far[joint], 1e-6)) for _, joint, tip in FINGERS]


def tilt(hand: Hand) -> float:
    """Return the degrees by which the hand, from wrist to middle knuckle, is turned from upright; 0 to 180."""
    across, down = hand.points[9, :2] - hand.points[WRIST, :2]
    return math.degrees(math.atan2(abs(across), -down))


def distance(point: Points, box: Points) -> float:
    """Return how far a point is outside a box (left, top, right, bottom), 0 if it is inside."""
    aside = max(box[0] - point[0], 0.0, point[0] - box[2])
    return math.hypot(aside, max(box[1] - point[1], 0.0, point[1] - box[3]))


def _at_hand(box: Points, hands: Sequence[Hand]) -> bool:
    return any(distance(point, box) < AT_HAND * hand.size for hand in hands for point in hand.points[5:])


def _at_ear(box: Points, face: Face | None) -> bool:
    return face is not None and distance(face.middle, box) < AT_EAR * face.width
