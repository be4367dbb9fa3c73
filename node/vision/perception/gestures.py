"""Hands: where they are, the 21 points of each, and which of seven gestures it makes.

The models are MediaPipe's palm detector, hand landmarks, gesture embedder and classifier (Apache-2.0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from node.vision.perception import litert
from node.vision.perception.crops import Crop, Letterbox, Points
from node.vision.perception.detection import decode, ssd_anchors, suppress
from node.vision.perception.litert import LiteModel

# Pixels along the inputs of detector and landmarks.
DETECTOR_SIZE, HAND_SIZE = 192, 224
STRIDES = (8, 16, 16, 16)

LEAST_SCORE = 0.5

# The landmarks' own certainty that there is a hand.
LEAST_PRESENCE = 0.5

MOST_OVERLAP = 0.3

MOST_HANDS = 2

# From the palm's box to the crop of the hand: the hand's middle lies half a palm towards the fingers, and the crop is
# this much larger.
SHIFT, CROP_SCALE = 0.5, 2.6

# The landmarks' depth is given for a hand this much nearer.
DEPTH_SCALE = 0.4

# Points of a hand: the wrist, and of each finger the knuckle, the joint above it and the tip.
WRIST, THUMB_TIP = 0, 4
FINGERS = ((5, 6, 8), (9, 10, 12), (13, 14, 16), (17, 18, 20))

GESTURES = ("none", "fist", "open palm", "pointing up", "thumb down", "thumb up", "victory", "i love you")


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand: points (21, 3) in pixels of the picture, the share of each gesture, and its certainty."""

    points: Points
    gestures: Mapping[str, float]
    presence: float

    @property
    def size(self) -> float:
        """How far it is from wrist to middle knuckle, in pixels: what a fist and an open hand have alike."""
        return float(np.hypot(*(self.points[9, :2] - self.points[0, :2])))

    @property
    def middle(self) -> Points:
        """The mean of wrist and knuckles: the middle of the palm, in pixels."""
        return np.asarray(self.points[[0, 5, 9, 13, 17], :2].mean(axis=0))


class HandReader:
    """The four models of hands, from their paths by name."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._detector = LiteModel(paths[litert.HAND_DETECTOR])
        self._landmarks = LiteModel(paths[litert.HAND_LANDMARKS])
        self._embedder = LiteModel(paths[litert.GESTURE_EMBEDDER])
        self._classifier = LiteModel(paths[litert.GESTURE_CLASSIFIER])
        self._anchors = ssd_anchors(DETECTOR_SIZE, STRIDES)

    def hands(self, image: Image.Image, box: tuple[int, int, int, int] | None = None) -> list[Hand]:
        """Return the hands of an RGB picture, or of a box of it (pixels): a hand at arm's length is small in it all."""
        left, top, right, bottom = box or (0, 0, *image.size)
        part = image if box is None else image.crop(box)
        letterbox = Letterbox(right - left, bottom - top, DETECTOR_SIZE)
        regressors, logits = self._detector(letterbox.pixels(part) / 255)
        found = decode(regressors[0], logits[0, :, 0], self._anchors, DETECTOR_SIZE, LEAST_SCORE)
        hands, corner = [], np.array([left, top])
        for index in suppress(found.boxes, found.scores, MOST_OVERLAP, MOST_HANDS):
            corners = letterbox.to_picture(found.boxes[index].reshape(2, 2)) + corner
            points = letterbox.to_picture(found.points[index]) + corner
            hand = self._hand(image, hand_crop(corners, points))
            if hand is not None:
                hands.append(hand)
        return hands

    def _hand(self, image: Image.Image, crop: Crop) -> Hand | None:
        points, presence, right, world = self._landmarks(crop.pixels(image, HAND_SIZE))
        if presence.item() < LEAST_PRESENCE:
            return None
        inside = points.reshape(21, 3).astype(np.float64) / HAND_SIZE
        flat = crop.to_picture(inside[:, :2])
        placed = np.column_stack([flat, inside[:, 2] / DEPTH_SCALE * crop.side])
        scale = np.array([max(image.size), max(image.size), image.width])
        turned = _turned(world.reshape(21, 3).astype(np.float64), crop.angle)
        embedding = self._embedder(_from_wrist(placed / scale), right, _from_wrist(turned))[0]
        shares = self._classifier(embedding)[0].ravel()
        return Hand(placed, dict(zip(GESTURES, map(float, shares), strict=True)), float(presence.item()))


def hand_crop(corners: Points, points: Points) -> Crop:
    """Return the crop of a hand, fingers upwards, from a palm's box (2, 2) and points (wrist first, middle third)."""
    ahead = points[2] - points[0]
    angle = math.pi / 2 - math.atan2(-ahead[1], ahead[0])
    angle = (angle + math.pi) % (2 * math.pi) - math.pi
    sides = corners[1] - corners[0]
    middle = corners.mean(axis=0) + SHIFT * sides[1] * np.array([math.sin(angle), -math.cos(angle)])
    return Crop(middle[0], middle[1], float(sides.max()) * CROP_SCALE, angle)


def _turned(world: Points, angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.column_stack([cos * world[:, 0] - sin * world[:, 1], sin * world[:, 0] + cos * world[:, 1], world[:, 2]])


def _from_wrist(points: Points) -> Points:
    """Return the points relative to the wrist, in units of the larger side of their bounding box."""
    moved = points - points[WRIST]
    return np.asarray(moved / (max(np.ptp(moved[:, 0]), np.ptp(moved[:, 1])) + 1e-5))
