"""A person's likeness: what no caption says, read of a photo or of a drawing, and held while the person stays.

It is the drawn world's `Variation`: skin as a share of the way from the fairest to the darkest, and where the face is,
its size and its tilt. Of a photo the numbers come from what perception saw. Of a drawing, skin comes from its pixels:
an even area of one of the world's skins, lit by the light that the caption says; the others come from the captioner's
own encoder, by a linear head that lies beside it (`scripts/train_likeness.py`). Creatures have none.
"""

from __future__ import annotations

from collections import deque
from dataclasses import astuple, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from node.common.files import from_home
from node.vision.perception.colours import lab
from node.vision.scenes.grammar import attributes_of
from node.vision.scenes.lights import LIGHTING
from node.vision.scenes.paint import UNITS
from node.vision.scenes.people import ACROSS, DOWN, FACE_UNITS, SIZES, TILT, skin_of
from node.vision.scenes.world import Light, Variation

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.perception.observation import Observation
    from node.vision.types import SeenPicture

Floats = npt.NDArray[np.float64]

# The file of the head, in the captioner's folder.
HEAD_FILE = "likeness.safetensors"

# Shares of the way along the skins that are told apart: a hundredth is .7 levels of CIE Lab.
RAMP_STEPS = 101

# Faces at the very edge of where the world draws any are few, so that a seed which is right there would be wrong in the
# skin. This much inside is 2 pixels away.
EDGE = 0.08

# The part of a drawing where its face is, wherever it is: left, top, right, bottom in units.
FACE_BOX = (88, 70, 158, 152)

# Every second pixel of every second row: a quarter of the work, and the same skin.
STRIDE = 2

# Distance in CIE Lab from the nearest skin, within which a pixel is skin: what was painted is less even than a drawing.
SKIN_DISTANCE = 7.0

# Shares that are one skin, and the part of the box that has it at least.
SAME_SKIN, LEAST_SKIN = 0.04, 0.03

# Snapshots whose median skin counts, and the last ones whose median counts for everything else: a person who sits down
# elsewhere is followed after three.
SKIN_MEMORY, RECENT = 120, 5

# From what was settled, so far the median moves before it is settled anew: 6 levels of CIE Lab, and half of all the
# room that the drawn world has for a face.
SKIN_MOVED, PLACE_MOVED = 0.09, 0.5

# Skin that the recent snapshots agree on, this far from what was before, is another person's.
ANOTHER_SKIN = 0.25


def of_seen(seen: SeenPicture) -> Variation | None:
    """Return the likeness of the person in a snapshot, of either kind; None if there is none."""
    if seen.observation is not None:
        return of_photo(seen.observation)
    return None if seen.likeness is None else Variation(*seen.likeness)


def of_photo(observation: Observation) -> Variation | None:
    """Return the likeness of the person in a photo, None if face or skin cannot be seen."""
    face = observation.face
    if face is None or observation.skin is None:
        return None
    return Variation(
        skin=skin_share(observation.skin),
        across=_inside((face.x * UNITS - ACROSS[0]) / ACROSS[1] / 2 + 0.5),
        down=_inside((face.y * UNITS - DOWN[0]) / DOWN[1] / 2 + 0.5),
        size=_inside((face.size * UNITS / FACE_UNITS - SIZES[0]) / (SIZES[1] - SIZES[0])),
        tilt=_inside(face.roll / TILT / 2 + 0.5),
    )


def skin_share(colour: tuple[int, int, int], light: Light = Light.DAY) -> float:
    """Return the share whose skin, in this light, comes nearest to a colour of RGB levels."""
    away = np.linalg.norm(_skins(light) - lab(np.array(colour, np.float64)), axis=1)
    return float(np.argmin(away)) / (RAMP_STEPS - 1)


def drawn_skin(picture: Image.Image, light: Light) -> float | None:
    """Return the share of the skin of the person in a drawing or a painting; None if no even area has any.

    Most pixels around the middle are the face. Each one's brightness is that of one skin; it is skin if its colour is
    near that skin's. What most of them agree on is the face's: lips and brown hair are fewer.
    """
    box = picture.resize((UNITS, UNITS)) if picture.size != (UNITS, UNITS) else picture
    colours = lab(np.asarray(box.convert("RGB").crop(FACE_BOX))[::STRIDE, ::STRIDE]).reshape(-1, 3)
    skins = _skins(light)
    shares = np.interp(colours[:, 0], skins[::-1, 0], np.linspace(1, 0, RAMP_STEPS))
    nearest = skins[np.rint(shares * (RAMP_STEPS - 1)).astype(int)]
    shares = np.sort(shares[np.linalg.norm(colours - nearest, axis=1) < SKIN_DISTANCE])
    alike = np.searchsorted(shares, shares + SAME_SKIN) - np.arange(len(shares))
    if not len(shares) or alike.max() < LEAST_SKIN * len(colours):
        return None
    start = int(alike.argmax())
    return float(np.median(shares[start : start + alike[start]]))


class LikenessHead:
    """A linear map from the features of a captioner's encoder to the numbers of the person that it sees."""

    def __init__(self, weights: Floats, bias: Floats) -> None:
        self._weights, self._bias = weights, bias

    @classmethod
    def beside(cls, captioner: str) -> LikenessHead | None:
        """Load the head from a captioner's folder; None if there is none."""
        path = from_home(captioner) / HEAD_FILE
        if not path.is_file():
            return None
        from safetensors.numpy import load_file

        tensors = load_file(path)
        return cls(tensors["weights"].astype(np.float64), tensors["bias"].astype(np.float64))

    def read(self, words: str, picture: Image.Image, features: npt.NDArray[np.float32]) -> Variation | None:
        """Return the likeness of the person in a drawing that has these words; None if it shows no person.

        `features` are the encoder's, of any shape. Raises ValueError if they are of another encoder.
        """
        known = attributes_of(words)
        if "who" not in known:
            return None
        numbers = np.clip(features.ravel() @ self._weights + self._bias, 0, 1)
        read = Variation(*map(float, numbers))
        skin = drawn_skin(picture, Light(known["light"]))
        return read if skin is None else replace(read, skin=skin)


class SettledLikeness:
    """The likeness of the person that the camera shows, which stays while the person does.

    Skin is the median over the call, for light and shadow change it. Place, size and tilt stay as they were, until the
    person has moved by much: a painting that trembles is worse than one that is a little aside.
    """

    def __init__(self) -> None:
        self._seen: deque[Variation] = deque(maxlen=SKIN_MEMORY)
        self._latest: Variation | None = None
        self._settled: Variation | None = None

    def notice(self, seen: Variation | None) -> None:
        """Take what a snapshot shows, None if it shows no person."""
        self._latest = seen
        if seen is not None:
            self._seen.append(seen)

    def restart(self) -> None:
        """Forget everybody but the person in the newest snapshot."""
        self._seen.clear()
        self._settled = None
        self.notice(self._latest)

    def settled(self) -> Variation | None:
        """Return the likeness to paint, None if nobody was seen."""
        if not self._seen:
            return None
        recent = np.median([astuple(seen) for seen in list(self._seen)[-RECENT:]], axis=0)
        skin = float(np.median([seen.skin for seen in self._seen]))
        if abs(recent[0] - skin) > ANOTHER_SKIN and len(self._seen) > RECENT:
            self._seen = deque(list(self._seen)[-RECENT:], SKIN_MEMORY)
            skin = float(recent[0])
        now = Variation(skin, *map(float, recent[1:]))
        if self._settled is None or _moved(self._settled, now):
            self._settled = now
        return self._settled


def _moved(before: Variation, now: Variation) -> bool:
    places = [(before.across, now.across), (before.down, now.down), (before.size, now.size)]
    return abs(before.skin - now.skin) > SKIN_MOVED or any(abs(one - other) > PLACE_MOVED for one, other in places)


def _inside(share: float) -> float:
    return min(1 - EDGE, max(EDGE, share))


@cache
def _skins(light: Light) -> Floats:
    """Return the skins of this world in CIE Lab, from the fairest to the darkest: (RAMP_STEPS, 3)."""
    tint = LIGHTING[light].figure
    return lab(np.array([tint(skin_of(step / (RAMP_STEPS - 1))) for step in range(RAMP_STEPS)], np.float64))
