"""Perception of one snapshot by the models of people: nothing is remembered from one snapshot to the next.

First the detector of things says whether a person is there. Only then the others look: for the face, for hands around
that person, and for the colours in the person's mask. An empty room costs half as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from node.vision.perception import colours, evidence, litert, segmentation
from node.vision.perception.actions import action_of
from node.vision.perception.colours import Floats, Levels
from node.vision.perception.face import CHIN, HAIRLINE, Face, FaceReader
from node.vision.perception.gestures import Hand, HandReader
from node.vision.perception.objects import PERSON, PERSON_SCORE, ObjectDetector
from node.vision.perception.observation import Observation, SeenFace, SeenThing
from node.vision.rgb import to_rgb

# Pixels. A larger picture shows the models nothing more, and takes longer to cut from.
LONGEST_SIDE = 960

# A face in no person's box is believed at this score: a close-up leaves the detector no person to see. Below it is a
# cat, a poster or a fold.
LONE_FACE_SCORE = 0.8

# The score of a person whose box a face must lie in: less than what makes a person, because there is the face too.
HINT_SCORE = 0.35

# Persons are counted if their box is this share of the largest one's at least.
AS_LARGE = 0.5

# Around a person's box, hands are looked for in this margin, a share of the box's longer side; and down to so many
# widths of it: below are knees.
HANDS_MARGIN, HANDS_DOWN, HANDS_DOWN_TALL = 0.12, 1.25, 0.6

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
        """Return what a picture of any size and mode shows."""
        picture = to_rgb(image)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
        small = segmentation.squeezed(picture)
        if colours.shows_nothing(small):
            return Observation(blind=True)
        things = self._objects.things(picture)
        light = colours.light_of(small)
        persons = _persons(things)
        face = self._face(picture, things, persons)
        others = tuple(thing for thing in things if thing.name != PERSON)
        if not persons and face is None:
            return Observation(things=others, light=light)
        hands = self._hands.hands(picture, _around(persons, picture.size))
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

    def _face(self, picture: Image.Image, things: Sequence[SeenThing], persons: Sequence[SeenThing]) -> Face | None:
        face = self._faces.largest(picture, [_pixels(one, picture.size) for one in persons[:1]])
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
        if colours.is_colourless(small):
            return _Looks()
        mask, levels = self._segmenter.area(small), colours.balance_of(small).applied(small)
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


def _around(persons: Sequence[SeenThing], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return where the largest person's hands may be, in pixels; None for the whole picture."""
    if not persons:
        return None
    left, top, right, bottom = _pixels(persons[0], size)
    width, height = right - left, bottom - top
    margin = HANDS_MARGIN * max(width, height)
    low = min(bottom, top + HANDS_DOWN * max(width, height * HANDS_DOWN_TALL)) + margin
    return (
        int(max(0, left - margin)),
        int(max(0, top - margin)),
        int(min(size[0], right + margin)),
        int(min(size[1], low)),
    )


def _pixels(thing: SeenThing, size: tuple[int, int]) -> Box:
    left, top, right, bottom = thing.box
    return left * size[0], top * size[1], right * size[0], bottom * size[1]


def _area(thing: SeenThing) -> float:
    left, top, right, bottom = thing.box
    return (right - left) * (bottom - top)


def _rgb(colour: Floats | None) -> tuple[int, int, int] | None:
    return None if colour is None else colours.as_rgb(colour)
