"""Perception of one snapshot by the models of people: nothing is remembered from one snapshot to the next.

First the detector of things says whether a person is there. Only then the others look: for the face, for hands around
that person, and for the colours in the person's mask. An empty room costs half as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from node.vision.perception import colours, evidence, litert, segmentation
from node.vision.perception.actions import action_of
from node.vision.perception.colours import Floats, Levels
from node.vision.perception.face import CHIN, HAIRLINE, UPRIGHT_SCORE, Face, FaceReader
from node.vision.perception.gestures import Hand, HandReader
from node.vision.perception.objects import PERSON, PERSON_SCORE, ObjectDetector
from node.vision.perception.observation import Observation, SeenFace, SeenThing
from node.vision.rgb import to_rgb

# Pixels. A larger picture shows the models nothing more, and takes longer to cut from.
LONGEST_SIDE = 960

# By the number of quarter turns, counterclockwise.
TURNED = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}

# A face in no person's box is believed at this score: a close-up leaves the detector no person to see. Below it is a
# cat, a poster or a fold.
LONE_FACE_SCORE = 0.8

# The score of a person whose box a face must lie in: less than what makes a person, because there is the face too.
HINT_SCORE = 0.35

# Persons are counted if their box is this share of the largest one's at least.
AS_LARGE = 0.5

# Hands are looked for around a person's box in this margin, a share of its longer side, down to TRUNK_SHAPE widths of
# it or of TRUNK_SHARE of its height, and to HANDS_DOWN heights of a face below its chin: lower hands hang or type, and
# the smaller the box the larger a hand is in it.
HANDS_MARGIN, TRUNK_SHAPE, TRUNK_SHARE, HANDS_DOWN = 0.12, 1.25, 0.6, 2.6

# (left, top, right, bottom) in pixels.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Looks:
    """The colours of a person, balanced, None if too little is seen."""

    skin: Floats | None = None
    hair: Floats | None = None
    garment: Floats | None = None


class Perceiver:
    """All models of people, from a folder or their paths by name. Raises NodeError if one cannot be loaded."""

    def __init__(self, folder: Path | Mapping[str, Path]) -> None:
        paths = litert.paths_in(folder)
        self._objects = ObjectDetector(paths[litert.OBJECT_DETECTOR])
        self._faces = FaceReader(paths)
        self._hands = HandReader(paths)
        self._segmenter = segmentation.PersonSegmenter(paths[litert.SELFIE_SEGMENTER])

    def observe(self, image: Image.Image) -> Observation:
        """Return what a picture of any size and mode shows; of one on its side, what it shows once turned upright."""
        picture = to_rgb(image)
        if max(picture.size) > LONGEST_SIDE:
            picture = ImageOps.contain(picture, (LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
        small = segmentation.squeezed(picture)
        if colours.shows_nothing(segmentation.on_grid(small)):
            return Observation(blind=True)
        things = self._objects.things(picture)
        face = self._face(picture, things)
        if face is None or face.score < UPRIGHT_SCORE:
            turns = self._faces.quarter_turns(picture)
            if turns:
                picture = picture.transpose(TURNED[turns])
                small, things = segmentation.squeezed(picture), self._objects.things(picture)
                face = self._face(picture, things)
        return self._observed(picture, small, things, face)

    def _observed(
        self, picture: Image.Image, small: Levels, things: Sequence[SeenThing], face: Face | None
    ) -> Observation:
        persons = _persons(things)
        others = tuple(thing for thing in things if thing.name != PERSON)
        light = colours.light_of(segmentation.on_grid(small))
        if not persons and face is None:
            return Observation(things=others, light=light)
        hands = self._hands.hands(picture, _hands_box(persons, face, picture.size))
        found = _evidence(picture, things, persons, face, hands)
        looks = self._looks(picture, small, persons, face, hands)
        return Observation(
            people=max(1, sum(_area(one) >= AS_LARGE * _area(persons[0]) for one in persons)),
            face=None if face is None else _seen(face, picture.size),
            action=action_of(found),
            evidence=found,
            cloth=None if looks.garment is None else colours.cloth_word(looks.garment),
            skin=_rgb(looks.skin),
            hair=_rgb(looks.hair),
            garment=_rgb(looks.garment),
            things=others,
            light=light,
        )

    def _face(self, picture: Image.Image, things: Sequence[SeenThing]) -> Face | None:
        face = self._faces.largest(picture, [_pixels(one, picture.size) for one in _persons(things)[:1]])
        if face is None or face.score >= LONE_FACE_SCORE:
            return face
        hints = [_pixels(one, picture.size) for one in things if one.name == PERSON and one.score >= HINT_SCORE]
        inside = any(evidence.distance(face.middle, np.asarray(hint)) == 0 for hint in hints)
        return face if inside else None

    def _looks(
        self,
        picture: Image.Image,
        small: Levels,
        persons: Sequence[SeenThing],
        face: Face | None,
        hands: Sequence[Hand],
    ) -> _Looks:
        """Return the person's colours; none of a picture in shades of grey."""
        grid = segmentation.on_grid(small)
        if colours.is_colourless(grid):
            return _Looks()
        mask = self._segmenter.area(small)
        levels = colours.balance_of(grid[~mask]).applied(grid)
        if face is None:
            area = segmentation.trunk(mask, persons[0].box, hands, picture.size)
            return _Looks(garment=segmentation.colour_in(levels, area))
        skin = segmentation.skin_colour(levels, face, picture.size)
        area = segmentation.clothes(mask, face, hands, picture.size)
        return _Looks(
            skin,
            segmentation.colour_in(levels, segmentation.hair(mask, face, picture.size)),
            segmentation.colour_in(levels, area, skin),
        )


def _persons(things: Sequence[SeenThing]) -> list[SeenThing]:
    """Return the persons, largest first."""
    persons = [thing for thing in things if thing.name == PERSON and thing.score >= PERSON_SCORE]
    return sorted(persons, key=_area, reverse=True)


def _evidence(
    picture: Image.Image,
    things: Sequence[SeenThing],
    persons: Sequence[SeenThing],
    face: Face | None,
    hands: Sequence[Hand],
) -> dict[str, float]:
    person = persons[0].score if persons else 0.0
    numbers = {"person": person} | ({} if face is None else evidence.of_face(face))
    numbers |= evidence.of_hands(hands, face)
    numbers |= evidence.of_things(things, hands, face, np.array(picture.size, np.float64))
    return {name: round(float(value), 4) for name, value in numbers.items()}


def _seen(face: Face, size: tuple[int, int]) -> SeenFace:
    middle = (face.points[CHIN, :2] + face.points[HAIRLINE, :2]) / 2
    return SeenFace(
        x=float(middle[0] / size[0]),
        y=float(middle[1] / size[1]),
        size=face.height / size[1],
        roll=face.roll,
        yaw=-face.yaw,
    )


def _hands_box(persons: Sequence[SeenThing], face: Face | None, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return where the hands of the largest person may be that do something, in pixels."""
    box = np.array([0.0, 0.0, *size])
    if persons:
        left, top, right, bottom = _pixels(persons[0], size)
        margin = HANDS_MARGIN * max(right - left, bottom - top)
        low = top + TRUNK_SHAPE * max(right - left, TRUNK_SHARE * (bottom - top)) + margin
        box = np.array([left - margin, top - margin, right + margin, min(bottom + margin, low)])
    if face is not None:
        box[3] = min(box[3], face.points[CHIN, 1] + HANDS_DOWN * face.height)
    left, top, right, bottom = np.clip(box, 0, [*size, *size]).astype(int).tolist()
    return left, top, right, bottom


def _pixels(thing: SeenThing, size: tuple[int, int]) -> Box:
    left, top, right, bottom = thing.box
    return left * size[0], top * size[1], right * size[0], bottom * size[1]


def _area(thing: SeenThing) -> float:
    left, top, right, bottom = thing.box
    return (right - left) * (bottom - top)


def _rgb(colour: Floats | None) -> tuple[int, int, int] | None:
    return None if colour is None else colours.as_rgb(colour)
