"""What the perception models find in one snapshot of a real camera, by itself: no memory, no words yet.

Positions are shares of the picture, 0 to 1 from the left and the top. Colours are RGB levels, balanced by the
picture's own greys. The worker sends observations between processes as plain values (`to_plain`, `from_plain`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from node.vision.scenes.world import Action, Cloth, Light

# Red, green, blue, 0 to 255.
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face: the middle, the height from hairline to chin, and the turns of the head in degrees.

    `roll` is positive if the head leans to the right of the picture, `yaw` if it is turned there.
    """

    x: float
    y: float
    size: float
    roll: float
    yaw: float


@dataclass(frozen=True, slots=True)
class SeenThing:
    """A thing by the detector's name, with its score and its box: left, top, right, bottom."""

    name: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Observation:
    """All that one snapshot shows.

    `people` counts persons of about the same size (0: nobody). `action` is None if a person is there whose action
    cannot be seen. `evidence` has the numbers behind it (blink, jaw, smile, turn, thumb, wave, cup, ...), for what
    decides over several snapshots. `glasses`, `hat` and `beard` are evidence from 0 to 1. `skin`, `hair` and `garment`
    are colours from the pixels, None if too little is visible; `cloth` is the nearest of the drawn world's colours.
    `blind` is true of a picture that shows nothing (black, or one surface): not even that nobody is there.
    """

    people: int = 0
    face: SeenFace | None = None
    action: Action | None = None
    evidence: dict[str, float] = field(default_factory=dict)
    cloth: Cloth | None = None
    glasses: float = 0.0
    hat: float = 0.0
    beard: float = 0.0
    skin: Rgb | None = None
    hair: Rgb | None = None
    garment: Rgb | None = None
    things: tuple[SeenThing, ...] = ()
    light: Light = Light.DAY
    blind: bool = False


def to_plain(observation: Observation) -> dict[str, Any]:
    """Return the observation as a map of numbers, strings, lists and maps."""
    return asdict(observation)


def from_plain(plain: dict[str, Any]) -> Observation:
    """Return the observation that `to_plain` made this of; raise ValueError, TypeError or KeyError for another map."""
    values = dict(plain)
    face, action, cloth = values["face"], values["action"], values["cloth"]
    values["face"] = None if face is None else SeenFace(**face)
    values["action"] = None if action is None else Action(action)
    values["cloth"] = None if cloth is None else Cloth(cloth)
    values["light"] = Light(values["light"])
    values["things"] = tuple(SeenThing(one["name"], one["score"], tuple(one["box"])) for one in values["things"])
    for name in ("skin", "hair", "garment"):
        values[name] = None if values[name] is None else tuple(values[name])
    return Observation(**values)
