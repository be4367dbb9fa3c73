"""What holds in captions of drawings: an attribute changes in the words only if captions agree that it did.

A captioner reads one yellow jacket as yellow shirt, yellow jacket and orange jacket within seconds, because the drawing
breathes and blinks. What somebody is and wears hardly ever changes while the picture stays; what is done may at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from node.vision.people.steady import AGREEING, Held
from node.vision.scenes.grammar import attributes_of, caption
from node.vision.scenes.world import (
    Action,
    Cloth,
    Creature,
    CreatureKind,
    Fur,
    Garment,
    Hair,
    HairColour,
    Hat,
    Light,
    Nobody,
    Person,
    Place,
    Pose,
    Scene,
    Subject,
    Support,
    Thing,
    Who,
)

# Attributes by how long another value must be read of them, in seconds; all others only change with the whole scene, or
# if captions keep saying so.
LASTING_S = {"action": 0.0, "pose": 0.0, "light": 0.0, "glasses": 1.0, "hat": 1.0, "thing": 1.0}
LASTING_OTHERS_S = 10.0

# Attributes that are read otherwise at once if the picture is another one: a misreading is of one or two.
ANOTHER_SCENE = 4

# What `attributes_of` leaves out where there is none.
UNSAID = {"hair_colour": str(HairColour.BLACK), "thing": str(Thing.NOTHING)}


class DrawnWatcher:
    """The caption that holds, from one caption after the other.

    Words that are no canonical caption of the drawn world hold at once: nothing is known of what they have in common.
    """

    def __init__(self) -> None:
        self._held: dict[str, Held[str]] = {}
        self._others = 0

    @property
    def pending(self) -> bool:
        """Whether another snapshot is wanted: the last caption disagrees with what holds."""
        return self._others > 0 or any(held.pending for held in self._held.values())

    def update(self, words: str, now: float) -> str:
        """Take the caption of one snapshot, and return the words that hold."""
        said = attributes_of(words)
        if not said:
            self._held, self._others = {}, 0
            return words
        said |= {name: value for name, value in UNSAID.items() if "who" in said and name not in said}
        if self._is_another(said):
            self._others += 1
            if self._held and self._others < AGREEING:
                return self._words()
            self._begin(said)
        self._others = 0
        for name, held in self._held.items():
            held.update(said[name], now)
        return self._words()

    def _begin(self, said: Mapping[str, str]) -> None:
        self._held = {
            name: Held(value, LASTING_S.get(name, LASTING_OTHERS_S), settled=True) for name, value in said.items()
        }

    def _is_another(self, said: Mapping[str, str]) -> bool:
        """Return whether these are the attributes of another scene than the one that holds."""
        if self._held.keys() != said.keys():
            return True
        differing = sum(held.value != said[name] for name, held in self._held.items())
        return differing >= ANOTHER_SCENE

    def _words(self) -> str:
        return caption(scene_of({name: held.value for name, held in self._held.items()}))


def scene_of(said: Mapping[str, str]) -> Scene:
    """Return a scene with these attributes, as `attributes_of` names them. Raises ValueError or KeyError for others."""
    return Scene(_subject(said), Place(said["place"]), Light(said["light"]))


def _subject(said: Mapping[str, str]) -> Subject:
    if "kind" in said:
        return Creature(
            kind=CreatureKind(said["kind"]),
            fur=Fur(said["fur"]),
            pose=Pose(said["pose"]),
            support=Support(said["support"]),
            thing=Thing(said["thing"]),
        )
    if "who" not in said:
        return Nobody()
    return Person(
        who=Who(said["who"]),
        hair=Hair(said["hair"]),
        hair_colour=HairColour(said["hair_colour"]),
        glasses=said["glasses"] == str(True),
        beard=said["beard"] == str(True),
        hat=Hat(said["hat"]),
        garment=Garment(said["garment"]),
        cloth=Cloth(said["cloth"]),
        action=Action(said["action"]),
        thing=Thing(said["thing"]),
    )
