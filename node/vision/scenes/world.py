"""The scenes that the embedded models know: their attributes, how to sample them, which are held out for measuring.

A scene is a subject (a person in a call, or an animal with things around it), a place and a light. All that a caption
names is an attribute; `variant` seeds all that no caption names: skin tone and small shifts. Two scenes with the same
attributes and another variant have the same caption.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from enum import StrEnum

# Of the attribute combinations, never trained on: the models' figures are measured on them.
HELD_OUT_ONE_IN = 10

# Of the scenes sampled: a call shows people more often than cats.
PERSON_SHARE = 0.6

# Distinct variants of the same attributes.
VARIANTS = 1 << 16


class Who(StrEnum):
    """Whether a person is a woman or a man."""

    WOMAN = "woman"
    MAN = "man"


class Hair(StrEnum):
    """A person's haircut."""

    SHORT = "short"
    LONG = "long"
    CURLY = "curly"
    BALD = "bald"


class HairColour(StrEnum):
    """The colour of a person's hair."""

    BLACK = "black"
    BROWN = "brown"
    BLOND = "blond"
    RED = "red"
    GREY = "grey"
    PINK = "pink"


class Hat(StrEnum):
    """A person's hat, if any."""

    NONE = "none"
    CAP = "baseball cap"
    WOOLLY = "woolly hat"


class Garment(StrEnum):
    """What a person wears."""

    SHIRT = "shirt"
    JACKET = "jacket"
    DRESS = "dress"


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
    """What is beside a creature, if anything."""

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


class Light(StrEnum):
    """The time of day and the weather."""

    DAY = "day"  # what a caption leaves out
    SUNSET = "sunset"
    NIGHT = "night"
    RAIN = "rain"


INDOORS = frozenset({Place.OFFICE, Place.KITCHEN, Place.LIVING_ROOM})


@dataclass(frozen=True, slots=True)
class Person:
    """A person in front of the camera. A bald head has no hair colour: BLACK by convention, and never named."""

    who: Who
    hair: Hair
    hair_colour: HairColour
    glasses: bool
    beard: bool
    hat: Hat
    garment: Garment
    cloth: Cloth
    action: Action


@dataclass(frozen=True, slots=True)
class Creature:
    """An animal or a teddy bear on a support, perhaps with a thing."""

    kind: CreatureKind
    fur: Fur
    pose: Pose
    support: Support
    thing: Thing


@dataclass(frozen=True, slots=True)
class Scene:
    """The ground truth of one picture."""

    subject: Person | Creature
    place: Place
    light: Light
    variant: int = 0


def attributes(scene: Scene) -> dict[str, str]:
    """Return all that a caption names of the scene: the ground truth that captions are judged by."""
    subject = scene.subject
    names = [name for name in subject.__dataclass_fields__ if name != "hair_colour"]
    values = {name: str(getattr(subject, name)) for name in names}
    if isinstance(subject, Person) and subject.hair is not Hair.BALD:
        values["hair_colour"] = str(subject.hair_colour)
    return values | {"place": str(scene.place), "light": str(scene.light)}


@dataclass(frozen=True, slots=True)
class Variation:
    """All that a picture shows and no caption names: three numbers from 0 to 1, uniformly distributed."""

    skin: float  # from the fairest to the darkest
    across: float  # the subject's position from left to right
    down: float  # and from top to bottom


def variation_of(scene: Scene) -> Variation:
    """Return the variation that the scene's `variant` seeds."""
    rng = random.Random(scene.variant)
    return Variation(rng.random(), rng.random(), rng.random())


def held_out(scene: Scene) -> bool:
    """Return whether this combination of attributes is held out of training; the same on every machine, for ever."""
    key = ";".join(f"{name}={value}" for name, value in sorted(attributes(scene).items()))
    return zlib.crc32(key.encode()) % HELD_OUT_ONE_IN == 0


def sample(seed: int) -> Scene:
    """Return the scene of a seed: each attribute drawn uniformly among those that go together."""
    rng = random.Random(f"pictophone-scene-{seed}")
    subject = _person(rng) if rng.random() < PERSON_SHARE else _creature(rng)
    places = [place for place in Place if fits(subject, place)]
    return Scene(subject, rng.choice(places), rng.choice(list(Light)), rng.randrange(VARIANTS))


def fits(subject: Person | Creature, place: Place) -> bool:
    """Return whether the subject may be in this place: grass does not grow indoors."""
    return not (isinstance(subject, Creature) and subject.support is Support.GRASS and place in INDOORS)


def _person(rng: random.Random) -> Person:
    who = rng.choice(list(Who))
    man = who is Who.MAN
    hair = rng.choice([hair for hair in Hair if man or hair is not Hair.BALD])
    return Person(
        who=who,
        hair=hair,
        hair_colour=HairColour.BLACK if hair is Hair.BALD else rng.choice(list(HairColour)),
        glasses=rng.random() < 0.5,
        beard=man and rng.random() < 0.5,
        hat=rng.choice(list(Hat)),
        garment=rng.choice([garment for garment in Garment if not man or garment is not Garment.DRESS]),
        cloth=rng.choice(list(Cloth)),
        action=rng.choice(list(Action)),
    )


def _creature(rng: random.Random) -> Creature:
    return Creature(
        kind=rng.choice(list(CreatureKind)),
        fur=rng.choice(list(Fur)),
        pose=rng.choice(list(Pose)),
        support=rng.choice(list(Support)),
        thing=rng.choice(list(Thing)),
    )
