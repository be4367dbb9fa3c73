"""Faces: where they are, the 478 points of the face mesh, and 52 blendshapes (how far each movement of a face goes).

The models are MediaPipe's short-range face detector, face mesh and blendshapes (Apache-2.0). The detector sees faces
from an eighth of the picture on: for smaller ones it looks a second time, into the heads of the persons found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from node.vision.perception import litert
from node.vision.perception.crops import Crop, Letterbox, Points
from node.vision.perception.detection import decode, sigmoid, ssd_anchors, suppress
from node.vision.perception.litert import LiteModel

# Pixels along the inputs of detector and mesh.
DETECTOR_SIZE, MESH_SIZE = 128, 256
STRIDES = (8, 16, 16, 16)

# Below, the detector also takes folds and cats for faces.
LEAST_SCORE = 0.5

# The mesh says how sure it is that its points lie on a face.
LEAST_PRESENCE = 0.5

MOST_OVERLAP = 0.3

# A camera on its side shows faces that the detector is surer of once the picture is turned: upright faces score .88 and
# more, the same ones lying or upside down .85 at most.
UPRIGHT_SCORE = 0.88

# The mesh was trained on crops this much larger than the detector's box.
CROP_SCALE = 1.5

# Points of the mesh: the outer corners of the eyes, hairline, chin, the middle of the mouth, the bridge of the nose.
RIGHT_EYE, LEFT_EYE, HAIRLINE, CHIN, MOUTH, BRIDGE = 33, 263, 10, 152, 13, 168
EYELIDS = ((159, 145, 33, 133), (386, 374, 263, 362))  # upper, lower, outer corner, inner corner
CHEEKS = (50, 280, 101, 330, 151)

# The points that the blendshapes are computed from, and their names in order: constants of MediaPipe's face landmarker
# (`face_blendshapes_graph.cc`).
BLENDSHAPE_POINTS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81,
    82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154,
    155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263,
    267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321,
    323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387,
    388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)  # fmt: skip
_NAMES = (
    "_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight "
    "eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight "
    "jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight "
    "mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker "
    "mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight "
    "mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight"
)
BLENDSHAPES = tuple(_NAMES.split())

# Of a person's box, the square in which the head is looked for: its side in widths of the box, at least and at most in
# heights; and how much of it lies above the box. A second square is smaller, for a person seen whole.
HEAD_SIDE, HEAD_LEAST, HEAD_MOST, HEAD_ABOVE = 1.0, 0.34, 1.2, 0.12
SQUARES = (1.0, 0.62)


@dataclass(frozen=True, slots=True)
class Face:
    """A face: points of the mesh (478, 3) in pixels of the picture, blendshapes from 0 to 1, and turns in degrees.

    Seen from the camera, `roll` is positive clockwise, `yaw` if the head is turned to the left of the picture, and
    `pitch` if it is lifted; what a level pitch reads depends on the camera's height.
    """

    points: Points
    shapes: Mapping[str, float]
    score: float
    yaw: float
    pitch: float
    roll: float

    @property
    def width(self) -> float:
        """How wide the mesh is, in pixels."""
        return float(np.ptp(self.points[:, 0]))

    @property
    def height(self) -> float:
        """How far it is from hairline to chin, in pixels, however the head leans."""
        return float(np.hypot(*(self.points[CHIN, :2] - self.points[HAIRLINE, :2])))

    @property
    def middle(self) -> Points:
        """The middle of the mesh's bounding box, in pixels."""
        flat = self.points[:, :2]
        return np.asarray((flat.min(axis=0) + flat.max(axis=0)) / 2)


class FaceReader:
    """The three models of faces, from their paths by name."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._detector = LiteModel(paths[litert.FACE_DETECTOR])
        self._mesh = LiteModel(paths[litert.FACE_LANDMARKS])
        self._blendshapes = LiteModel(paths[litert.FACE_BLENDSHAPES])
        self._anchors = ssd_anchors(DETECTOR_SIZE, STRIDES)

    def largest(self, image: Image.Image, persons: Sequence[tuple[float, float, float, float]]) -> Face | None:
        """Return the largest face of an RGB picture, or that of the first of the persons' boxes (pixels), or None."""
        face = self._largest_in(image, (0, 0, image.width, image.height))
        if face is not None or not persons:
            return face
        for square in SQUARES:
            face = self._largest_in(image, _head(persons[0], square, image.size))
            if face is not None:
                return face
        return None

    def quarter_turns(self, image: Image.Image) -> int:
        """Return how many quarter turns, counterclockwise, put the picture's face upright if it surely lies; else 0."""
        pixels = Letterbox(*image.size, DETECTOR_SIZE).pixels(image) / 127.5 - 1
        scores = [sigmoid(self._detector(np.rot90(pixels, turns))[1].max()).item() for turns in (1, 2, 3)]
        best = int(np.argmax(scores))
        return best + 1 if scores[best] >= UPRIGHT_SCORE else 0

    def _largest_in(self, image: Image.Image, box: tuple[int, int, int, int]) -> Face | None:
        part = image if box == (0, 0, *image.size) else image.crop(box)
        for crop, score in self._found(part):
            face = self._face(image, Crop(crop.x + box[0], crop.y + box[1], crop.side, crop.angle), score)
            if face is not None:
                return face
        return None

    def _found(self, image: Image.Image) -> list[tuple[Crop, float]]:
        """Return the crops of the faces, largest first, with their scores."""
        letterbox = Letterbox(*image.size, DETECTOR_SIZE)
        regressors, logits = self._detector(letterbox.pixels(image) / 127.5 - 1)
        found = decode(regressors[0], logits[0, :, 0], self._anchors, DETECTOR_SIZE, LEAST_SCORE)
        crops = []
        for index in suppress(found.boxes, found.scores, MOST_OVERLAP, 5):
            corners = letterbox.to_picture(found.boxes[index].reshape(2, 2))
            eyes = letterbox.to_picture(found.points[index, :2])
            angle = math.atan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0])
            middle, side = corners.mean(axis=0), float((corners[1] - corners[0]).max())
            crops.append((Crop(middle[0], middle[1], side * CROP_SCALE, angle), float(found.scores[index])))
        return sorted(crops, key=lambda found: -found[0].side)

    def _face(self, image: Image.Image, crop: Crop, score: float) -> Face | None:
        mesh, presence, _ = self._mesh(crop.pixels(image, MESH_SIZE))
        if sigmoid(presence).item() < LEAST_PRESENCE:
            return None
        inside = mesh.reshape(478, 3).astype(np.float64) / MESH_SIZE
        points = np.column_stack([crop.to_picture(inside[:, :2]), inside[:, 2] * crop.side])
        shapes = self._blendshapes(points[list(BLENDSHAPE_POINTS), :2])[0].ravel()
        yaw, pitch, roll = turns(inside)
        named = dict(zip(BLENDSHAPES, map(float, shapes), strict=True))
        return Face(points, named, score, yaw, pitch, roll + math.degrees(crop.angle))


def turns(points: Points) -> tuple[float, float, float]:
    """Return yaw, pitch and roll of the head in degrees, from the mesh's own three dimensions."""
    across, down = points[LEFT_EYE] - points[RIGHT_EYE], points[CHIN] - points[HAIRLINE]
    ahead = np.cross(across, down)
    yaw, pitch = math.atan2(ahead[0], ahead[2]), math.atan2(ahead[1], ahead[2])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(math.atan2(across[1], across[0]))


def _head(person: tuple[float, float, float, float], scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = person
    width, height = right - left, bottom - top
    side = min(max(width * HEAD_SIDE, height * HEAD_LEAST), height * HEAD_MOST) * scale
    x, y = (left + right) / 2 - side / 2, top - side * HEAD_ABOVE
    return max(0, int(x)), max(0, int(y)), min(size[0], math.ceil(x + side)), min(size[1], math.ceil(y + side))
