"""The scenes that the embedded models know: their attributes, how to sample them, which are held out for measuring.

A scene is a subject (a person in a call, an animal with things around it, or nobody), a place and a light. All that a
caption names is an attribute; `variant` seeds all that no caption names: skin tone, position, size and tilt. Two scenes
with the same attributes and another variant have the same caption.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from enum import StrEnum

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


class Who(StrEnum):
    """Whether a person is a woman or a man, or neither is said."""

    WOMAN = "woman"
    MAN = "man"
    PERSON = "person"


class Hair(StrEnum):
    """A person's haircut."""

    SHORT = "short"
    LONG = "long"
    CURLY = "curly"
    BALD = "bald"
    TIED = "tied-back"
    UNSAID = "unsaid"  # drawn as a plain grey-brown cap of hair, which a caption leaves out


class HairColour(StrEnum):
    """The colour of a person's hair."""

    BLACK = "black"
    BROWN = "brown"
    BLOND = "blond"
    RED = "red"
    GREY = "grey"
    PINK = "pink"


class Hat(StrEnum):
    """What a person has on the head, if anything."""

    NONE = "none"
    CAP = "baseball cap"
    WOOLLY = "woolly hat"
    HEADPHONES = "headphones"


class Garment(StrEnum):
    """What a person wears."""

    SHIRT = "shirt"
    JACKET = "jacket"
    DRESS = "dress"
    HOODIE = "hooded sweater"
    TSHIRT = "t-shirt"


class Cloth(StrEnum):
    """The colour of a person's garment."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    PURPLE = "purple"
    WHITE = "white"
    BLACK = "black"


class Action(StrEnum):
    """What a person does."""

    SMILING = "smiling"
    TALKING = "talking"
    WAVING = "waving"
    THUMBS_UP = "giving a thumbs up"
    DRINKING = "drinking from a cup"
    LOOKING_AWAY = "looking away"
    SLEEPING = "sleeping"
    NOTHING = "looking at you"
    LEANING = "leaning on one hand"
    HANDS_TOGETHER = "holding both hands together"
    POINTING = "pointing"
    PHONE = "holding a phone"


class CreatureKind(StrEnum):
    """The kind of a creature."""

    CAT = "cat"
    DOG = "dog"
    BIRD = "bird"
    HORSE = "horse"
    TEDDY = "teddy bear"


class Fur(StrEnum):
    """The colour of a creature."""

    NATURAL = "natural"  # the kind's own pattern, which a caption leaves out
    BLACK = "black"
    WHITE = "white"
    BROWN = "brown"
    ORANGE = "orange"
    GREY = "grey"


class Pose(StrEnum):
    """What a creature does."""

    SITTING = "sitting"
    SLEEPING = "sleeping"
    JUMPING = "jumping"


class Support(StrEnum):
    """What a creature is on."""

    BENCH = "wooden bench"
    CHAIR = "chair"
    TABLE = "table"
    BED = "bed"
    SOFA = "sofa"
    GRASS = "grass"


class Thing(StrEnum):
    """What is beside a person or a creature, if anything."""

    NOTHING = "nothing"
    BALL = "ball"
    UMBRELLA = "umbrella"
    CUP = "cup"
    LAPTOP = "laptop"
    BOOK = "book"


class Place(StrEnum):
    """Where a scene is."""

    PLAIN = "plain"  # a bare backdrop, which a caption leaves out
    OFFICE = "office"
    KITCHEN = "kitchen"
    LIVING_ROOM = "living room with a bookshelf"
    PARK = "park"
    BEACH = "beach"
    STREET = "street"
    MOUNTAINS = "mountains"
    SNOW = "snow"
    ROOM = "plain room"


class Light(StrEnum):
    """The time of day and the weather."""

    DAY = "day"  # what a caption leaves out
    SUNSET = "sunset"
    NIGHT = "night"
    RAIN = "rain"


INDOORS = frozenset({Place.OFFICE, Place.KITCHEN, Place.LIVING_ROOM, Place.ROOM})

# Of these no colour is named: BLACK by convention.
COLOURLESS_HAIR = frozenset({Hair.BALD, Hair.UNSAID})


@dataclass(frozen=True, slots=True)
class Person:
    """A person in front of the camera."""

    who: Who
    hair: Hair
    hair_colour: HairColour
    glasses: bool
    beard: bool
    hat: Hat
    garment: Garment
    cloth: Cloth
    action: Action
    thing: Thing = Thing.NOTHING


@dataclass(frozen=True, slots=True)
class Creature:
    """An animal or a teddy bear on a support, perhaps with a thing."""

    kind: CreatureKind
    fur: Fur
    pose: Pose
    support: Support
    thing: Thing


@dataclass(frozen=True, slots=True)
class Nobody:
    """The subject of an empty place."""


Subject = Person | Creature | Nobody


@dataclass(frozen=True, slots=True)
class Scene:
    """The ground truth of one picture."""

    subject: Subject
    place: Place
    light: Light
    variant: int = 0


def attributes(scene: Scene) -> dict[str, str]:
    """Return all that a caption names of the scene: the ground truth that captions are judged by.

    What is in no hands and what no hair has is left out, so that the scenes of earlier versions keep their attributes.
    """
    subject = scene.subject
    values = {name: str(getattr(subject, name)) for name in subject.__dataclass_fields__}
    if isinstance(subject, Person) and subject.hair in COLOURLESS_HAIR:
        del values["hair_colour"]
    if isinstance(subject, Person) and subject.thing is Thing.NOTHING:
        del values["thing"]
    return values | {"place": str(scene.place), "light": str(scene.light)}


@dataclass(frozen=True, slots=True)
class Variation:
    """All that a picture shows and no caption names: numbers from 0 to 1, uniformly distributed."""

    skin: float  # from the fairest to the darkest
    across: float  # the subject's position from left to right
    down: float  # and from top to bottom
    size: float  # from the smallest to the largest
    tilt: float  # of a person's head, from left to right


def variation_of(scene: Scene) -> Variation:
    """Return the variation that the scene's `variant` seeds."""
    rng = random.Random(scene.variant)
    return Variation(rng.random(), rng.random(), rng.random(), rng.random(), rng.random())


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
