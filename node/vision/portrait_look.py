"""Looks of people: encoding what perception saw of a person, and painting so that the face is there in these colours.

A coarse picture would put the photo's wall into the drawing. A portrait (`protocol.portrait`) says where the face is
and what colours skin, hair and garment have; the drawing has its own wall. Place and skin go into the noise of a
generator that reads them there; what colours then still differ are moved in the finished painting, where a pixel's
colour is near the one that was to be expected from the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.vision import likeness
from node.vision.look_transfer import NO_LOOK, encode_look
from node.vision.perception.colours import lab
from node.vision.perception.observation import Observation, SeenFace
from node.vision.scenes.grammar import attributes_of
from node.vision.scenes.lights import LIGHTING
from node.vision.scenes.paint import UNITS, Colour
from node.vision.scenes.people import CLOTHS, HAIR_COLOURS, UNSAID_HAIR, face_position, skin_of
from node.vision.scenes.world import Cloth, Hair, HairColour, Light
from protocol import portrait

if TYPE_CHECKING:
    from node.vision.scenes import Variation

Floats = npt.NDArray[np.float64]
Parts = dict[str, tuple[Colour, Colour]]

# The portrait that takes the place of a look of so many bytes.
SIZE_FOR = {8: 7, 16: 13}

# Distance in CIE Lab from the colour that was to be expected: up to the first a pixel is that part of the person
# wholly, beyond the second not at all. Folds and collars lie between.
PART, NO_PART = 10.0, 26.0

# From the middle of a face of size 1, in units: how far a head with its hair reaches to either side and up, and a body
# to either side.
HEAD_ASIDE, HEAD_UP, BODY_ASIDE = 70.0, 85.0, 100.0

# The part of the way that hair and garment are moved: beyond it the painting would lose the colour that the words name.
WAY = {"skin": 1.0, "hair": 0.7, "garment": 0.7}


def encode_portrait(observation: Observation, size: int) -> bytes:
    """Return the portrait that takes the place of a look of `size` bytes; NO_LOOK if no face or skin is seen."""
    face = observation.face
    if size not in SIZE_FOR or face is None or observation.skin is None:
        return NO_LOOK
    seen = portrait.Portrait(
        face.x, face.y, face.size, face.roll, observation.skin, observation.hair, observation.garment
    )
    return portrait.encode(seen, SIZE_FOR[size])


def look_of(snapshot: Image.Image, observation: Observation | None, size: int) -> bytes:
    """Encode the look of a snapshot in at most `size` bytes: a portrait of a person in a photo, else a coarse picture.

    `observation` is what perception found, None in a drawing, whose colours are those of its painting. A person without
    a face has no look.
    """
    if observation is not None and observation.people:
        return encode_portrait(observation, size)
    return encode_look(snapshot, size)


def is_portrait(coded: bytes) -> bool:
    """Return whether a look is a portrait."""
    return len(coded) in portrait.SIZES


def wanted_by(coded: bytes) -> Variation | None:
    """Return the likeness that a portrait asks for, None if it has no skin. Raises LookError if it is no portrait."""
    seen = portrait.decode(coded)
    face = SeenFace(seen.x, seen.y, seen.size, seen.roll, yaw=0.0)
    return likeness.of_photo(Observation(people=1, face=face, skin=seen.skin))


def apply_portrait(painting: Image.Image, words: str, coded: bytes) -> Image.Image:
    """Return an RGB painting of these words with the person's colours moved to those of the portrait.

    A painting that shows no person is not changed. Raises LookError if `coded` is no portrait.
    """
    variation, parts = wanted_by(coded), _parts(words, coded)
    if variation is None or not parts:
        return painting
    levels = np.asarray(painting, np.float64)
    seen = lab(levels)
    away = {name: np.linalg.norm(seen - lab(np.array(expected)), axis=-1) for name, (expected, _) in parts.items()}
    nearest = np.min(list(away.values()), axis=0)
    moved = levels.copy()
    for name, (expected, wanted) in parts.items():
        part = np.clip((NO_PART - away[name]) / (NO_PART - PART), 0, 1) * (away[name] <= nearest)
        part = part * _area(name, variation, painting.size)
        moved += (WAY[name] * part)[..., None] * np.subtract(wanted, expected)
    return Image.fromarray(np.clip(np.rint(moved), 0, 255).astype(np.uint8))


def _parts(words: str, coded: bytes) -> Parts:
    """Return, for each part of the person, the colour that it was painted in and the one that is wanted, both lit."""
    known, seen = attributes_of(words), portrait.decode(coded)
    if "who" not in known or seen.skin is None:
        return {}
    bald, said = known["hair"] == Hair.BALD, "hair_colour" in known
    hair = HAIR_COLOURS[HairColour(known["hair_colour"])] if said else UNSAID_HAIR
    pairs = {
        "skin": (skin_of(likeness.skin_share(seen.skin)), seen.skin),
        "hair": (hair, None if bald else seen.hair),
        "garment": (CLOTHS[Cloth(known["cloth"])], seen.garment),
    }
    tint = LIGHTING[Light(known["light"])].figure
    return {name: (tint(painted), tint(wanted)) for name, (painted, wanted) in pairs.items() if wanted is not None}


def _area(name: str, variation: Variation, size: tuple[int, int]) -> Floats:
    """Return where in a painting of this size (width, height) a part of the person can be: 1 there, 0 elsewhere."""
    x, y, scale, _ = face_position(variation)
    across = (np.arange(size[0]) + 0.5) * UNITS / size[0] - x
    down = ((np.arange(size[1]) + 0.5) * UNITS / size[1] - y)[:, None]
    head = (np.abs(across) < HEAD_ASIDE * scale) & (down > -HEAD_UP * scale)
    body = (np.abs(across) < BODY_ASIDE * scale) & (down > 0)
    return np.asarray({"skin": head | body, "hair": head, "garment": body}[name], np.float64)
