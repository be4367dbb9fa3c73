"""A judge of painted pictures that needs no model: it compares them with drawings of everything they could show.

The captioner judges the generator, and both learnt from the same pictures; this judge learnt nothing. Attribute by
attribute it draws the scene with every value that there is and takes the drawing that lies nearest in the pixels:
clothes by their colour, places by their backdrops, things by where they are. Of 100 pictures that the scene camera
drew it got every attribute right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.vision.scenes import Scene, attributes, draw
from node.vision.scenes.paint import Canvas
from node.vision.scenes.places import paint_place

# (SIDE, SIDE, 3), each 0 to 255.
Pixels = npt.NDArray[np.float32]

# (SIDE, SIDE).
Mask = npt.NDArray[np.bool_]

# Pixels along a side of what is compared: a mouth is still seen, a soft edge no longer counts.
SIDE = 64

# Drawings among which the unnamed is sought (skin, place, size, tilt): of 118 attributes 16 lost five, 100 and 300 two.
VARIANTS = 100

# A pixel this far from that of the empty scene (mean of the channels) belongs to the figure.
FIGURE_LEVELS = 40.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The attributes that the pixels show, and how well the figure's position fits.

    `overlap` is the share of the two figures' joint area that they have in common, 0 to 1.
    """

    attributes: dict[str, str]
    overlap: float


def judge(painted: Image.Image, scene: Scene) -> Verdict:
    """Judge a picture that was painted of this scene's caption."""
    pixels = _small(painted)
    wanted = _nearest(pixels, (replace(scene, variant=chance) for chance in range(VARIANTS)))
    shown = wanted
    for name in reversed(attributes(scene)):  # light and backdrop first: most pixels are theirs
        shown = _nearest(pixels, _variants(shown, name))
    return Verdict(attributes(shown), _overlap(_figure(pixels, shown), _figure(_drawn(wanted), wanted)))


def _nearest(pixels: Pixels, scenes: Iterable[Scene]) -> Scene:
    return min(scenes, key=lambda scene: float(np.abs(pixels - _drawn(scene)).mean()))


def _variants(scene: Scene, name: str) -> list[Scene]:
    """Return the scene with each value of that attribute."""
    if name in Scene.__dataclass_fields__:
        return [_with(scene, name, value) for value in _values(Scene, name)]
    return [replace(scene, subject=_with(scene.subject, name, value)) for value in _values(type(scene.subject), name)]


def _with(part: Any, name: str, value: StrEnum | bool) -> Any:
    return replace(part, **{name: value})


def _values(part: type, name: str) -> list[StrEnum] | list[bool]:
    kind = get_type_hints(part)[name]
    return [False, True] if kind is bool else list(kind)


def _figure(pixels: Pixels, scene: Scene) -> Mask:
    """Return where the picture differs from the scene without its subject."""
    canvas = Canvas.blank(SIDE)
    paint_place(canvas, scene.place, scene.light, 0.0)
    mask: Mask = np.abs(pixels - _small(canvas.finished())).mean(axis=2) > FIGURE_LEVELS
    return mask


def _overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def _drawn(scene: Scene) -> Pixels:
    return _small(draw(scene, size=SIDE))


def _small(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32)
