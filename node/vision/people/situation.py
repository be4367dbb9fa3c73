"""A situation: all that is to be said of a moment before a real camera, of one snapshot or held over several."""

from __future__ import annotations

from dataclasses import dataclass

from node.vision.people import things
from node.vision.perception.observation import Observation
from node.vision.scenes.world import Action, Cloth, CreatureKind, Light, Place, Support, Thing

# Evidence of 0 to 1 from which glasses, a beard or a hat are told though nobody said them. A false pair of glasses is
# worse than a missing one.
STRONG = 0.8


@dataclass(frozen=True, slots=True)
class Situation:
    """Who and what is there, as far as it was seen.

    `action` is None if there are people whose action cannot be seen, `cloth` if no clothes can be. `company` is in
    words what somebody has near that the drawn world cannot show; `named` what a picture without people and animals is
    of. `support` and `beside` are those of a `creature`. `place` is None if no thing tells it; then `indoors` says
    whether it is a room at least.
    """

    people: int = 0
    action: Action | None = None
    cloth: Cloth | None = None
    glasses: bool = False
    beard: bool = False
    hat: bool = False
    thing: Thing = Thing.NOTHING
    company: str = ""
    creature: CreatureKind | None = None
    support: Support | None = None
    beside: Thing = Thing.NOTHING
    named: str = ""
    place: Place | None = None
    indoors: bool = False
    light: Light = Light.DAY


def situation_of(seen: Observation) -> Situation:
    """Return the situation of one snapshot, by itself."""
    creature = None if seen.people else things.creature_of(seen.things)
    return Situation(
        people=seen.people,
        action=seen.action if seen.people else None,
        cloth=seen.cloth if seen.people else None,
        glasses=seen.glasses >= STRONG,
        beard=seen.beard >= STRONG,
        hat=seen.hat >= STRONG,
        thing=_held(seen),
        company=things.company_of(seen.things, seen.face) if seen.people else "",
        creature=creature and creature[0],
        support=creature and creature[1],
        beside=creature[2] if creature else Thing.NOTHING,
        named="" if seen.people or creature else things.named(seen.things),
        place=things.place_of(seen.things),
        indoors=things.indoors(seen.things),
        light=seen.light,
    )


def _held(seen: Observation) -> Thing:
    """Return what the largest person holds or has near; what it drinks from is told by the action."""
    if not seen.people:
        return Thing.NOTHING
    thing = things.thing_near(seen.things, seen.face)
    return Thing.NOTHING if thing is Thing.CUP and seen.action is Action.DRINKING else thing
