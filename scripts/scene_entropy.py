"""The bits that a drawn scene is worth: -log2 of how often its caption is drawn, exactly.

No codec can take fewer on average. Every attribute is an independent draw (`node.vision.scenes.sampling`), and the
caption of a scene names all of them, so that its chance is their product.
"""

from __future__ import annotations

import math

from node.vision.scenes.sampling import (
    BARE_HEADED_SHARE,
    BEARD_SHARE,
    EMPTY_HANDED_SHARE,
    EMPTY_SHARE,
    GLASSES_SHARE,
    PERSON_SHARE,
    fits,
)
from node.vision.scenes.world import (
    COLOURLESS_HAIR,
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
    Person,
    Place,
    Pose,
    Scene,
    Support,
    Thing,
    Who,
)


def bits_of(scene: Scene) -> float:
    """-log2 of the chance that `sample` draws a scene of this caption."""
    places = sum(fits(scene.subject, place) for place in Place)
    return -math.log2(_chance_of_subject(scene) / places / len(Light))


def _chance_of_subject(scene: Scene) -> float:
    subject = scene.subject
    if isinstance(subject, Person):
        return PERSON_SHARE * _chance_of_person(subject)
    if isinstance(subject, Creature):
        kinds = len(CreatureKind) * len(Fur) * len(Pose) * len(Support) * len(Thing)
        return (1 - EMPTY_SHARE - PERSON_SHARE) / kinds
    return EMPTY_SHARE


def _chance_of_person(person: Person) -> float:
    man, woman = person.who is Who.MAN, person.who is Who.WOMAN
    even = [len(Who), len(Hair) - (not man), len(Garment) - (not woman), len(Cloth), len(Action)]
    if person.hair not in COLOURLESS_HAIR:
        even.append(len(HairColour))
    chance = 1 / math.prod(even)
    chance *= _either(GLASSES_SHARE, person.glasses)
    chance *= 1.0 if woman else _either(BEARD_SHARE, person.beard)
    chance *= _nothing_or_one_of(BARE_HEADED_SHARE, person.hat is Hat.NONE, len(Hat) - 1)
    return chance * _nothing_or_one_of(EMPTY_HANDED_SHARE, person.thing is Thing.NOTHING, len(Thing) - 1)


def _either(share: float, has: bool) -> float:
    return share if has else 1 - share


def _nothing_or_one_of(share: float, nothing: bool, others: int) -> float:
    return share if nothing else (1 - share) / others
