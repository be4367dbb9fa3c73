"""Sampling of scenes for training and stories, and which are held out of training, for measuring."""

from __future__ import annotations

import random
import zlib

from node.vision.scenes.world import (
    COLOURLESS_HAIR,
    INDOORS,
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
    attributes,
)

# Of the attribute combinations, never trained on: the models' figures are measured on them.
HELD_OUT_ONE_IN = 10

# Of the scenes sampled: a call shows people more often than cats, and now and then an empty room.
PERSON_SHARE = 0.66
EMPTY_SHARE = 0.04

# Of the people sampled: the likely is likelier, and its caption shorter.
GLASSES_SHARE = 0.4
BEARD_SHARE = 0.4
BARE_HEADED_SHARE = 0.55
EMPTY_HANDED_SHARE = 0.7

# Distinct variants of the same attributes.
VARIANTS = 1 << 16


def held_out(scene: Scene) -> bool:
    """Return whether this combination of attributes is held out of training; the same on every machine, for ever."""
    key = ";".join(f"{name}={value}" for name, value in sorted(attributes(scene).items()))
    return zlib.crc32(key.encode()) % HELD_OUT_ONE_IN == 0


def sample(seed: int) -> Scene:
    """Return the scene of a seed: each attribute drawn among those that go together."""
    rng = random.Random(f"pictophone-scene-{seed}")
    subject = _subject(rng)
    places = [place for place in Place if fits(subject, place)]
    return Scene(subject, rng.choice(places), rng.choice(list(Light)), rng.randrange(VARIANTS))


def fits(subject: Subject, place: Place) -> bool:
    """Return whether the subject may be in this place: grass does not grow indoors, and a backdrop is not empty."""
    if isinstance(subject, Nobody):
        return place is not Place.PLAIN
    return not (isinstance(subject, Creature) and subject.support is Support.GRASS and place in INDOORS)


def _subject(rng: random.Random) -> Subject:
    kind = rng.random()
    if kind < EMPTY_SHARE:
        return Nobody()
    return _person(rng) if kind < EMPTY_SHARE + PERSON_SHARE else _creature(rng)


def _person(rng: random.Random) -> Person:
    who = rng.choice(list(Who))
    man, woman = who is Who.MAN, who is Who.WOMAN
    hair = rng.choice([hair for hair in Hair if man or hair is not Hair.BALD])
    return Person(
        who=who,
        hair=hair,
        hair_colour=HairColour.BLACK if hair in COLOURLESS_HAIR else rng.choice(list(HairColour)),
        glasses=rng.random() < GLASSES_SHARE,
        beard=not woman and rng.random() < BEARD_SHARE,
        hat=Hat.NONE if rng.random() < BARE_HEADED_SHARE else rng.choice(list(Hat)[1:]),
        garment=rng.choice([garment for garment in Garment if woman or garment is not Garment.DRESS]),
        cloth=rng.choice(list(Cloth)),
        action=rng.choice(list(Action)),
        thing=Thing.NOTHING if rng.random() < EMPTY_HANDED_SHARE else rng.choice(list(Thing)[1:]),
    )


def _creature(rng: random.Random) -> Creature:
    return Creature(
        kind=rng.choice(list(CreatureKind)),
        fur=rng.choice(list(Fur)),
        pose=rng.choice(list(Pose)),
        support=rng.choice(list(Support)),
        thing=rng.choice(list(Thing)),
    )
