"""The world the embedded models know: what a scene can be, how one is drawn at random, which are kept for measuring.

A scene is a subject (a person in a call, or an animal with things around it), a place and a light. Everything
in it that a caption names is an attribute; `chance` seeds all that no caption names: skin tone and small shifts.
Two scenes with the same attributes and another chance have the same caption.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from enum import StrEnum

HELD_OUT_ONE_IN = 10  # of the attribute combinations, never trained on: what the models' figures are measured on
PERSON_SHARE = 0.6  # of the scenes sampled; a call shows people more often than cats
CHANCES = 1 << 16  # distinct unnamed variants of a scene


class Who(StrEnum):
    WOMAN = "woman"
    MAN = "man"


class Hair(StrEnum):
    SHORT = "short"
    LONG = "long"
    CURLY = "curly"
    BALD = "bald"


class HairColour(StrEnum):
    BLACK = "black"
    BROWN = "brown"
    BLOND = "blond"
    RED = "red"
    GREY = "grey"
    PINK = "pink"


class Hat(StrEnum):
    NONE = "none"
    CAP = "baseball cap"
    WOOLLY = "woolly hat"


class Garment(StrEnum):
    SHIRT = "shirt"
    JACKET = "jacket"
    DRESS = "dress"


class Cloth(StrEnum):
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    PURPLE = "purple"
    WHITE = "white"
    BLACK = "black"


class Action(StrEnum):
    SMILING = "smiling"
    TALKING = "talking"
    WAVING = "waving"
    THUMBS_UP = "giving a thumbs up"
    DRINKING = "drinking from a cup"
    LOOKING_AWAY = "looking away"
    SLEEPING = "sleeping"


class Kind(StrEnum):
    CAT = "cat"
    DOG = "dog"
    BIRD = "bird"
    HORSE = "horse"
    TEDDY = "teddy bear"


class Fur(StrEnum):
    NATURAL = "natural"  # the kind's own pattern, which a caption leaves out
    BLACK = "black"
    WHITE = "white"
    BROWN = "brown"
    ORANGE = "orange"
    GREY = "grey"


class Pose(StrEnum):
    SITTING = "sitting"
    SLEEPING = "sleeping"
    JUMPING = "jumping"


class Support(StrEnum):
    BENCH = "wooden bench"
    CHAIR = "chair"
    TABLE = "table"
    BED = "bed"
    SOFA = "sofa"
    GRASS = "grass"


class Thing(StrEnum):
    NOTHING = "nothing"
    BALL = "ball"
    UMBRELLA = "umbrella"
    CUP = "cup"
    LAPTOP = "laptop"
    BOOK = "book"


class Place(StrEnum):
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
    """An animal or a teddy bear on something, perhaps with something."""

    kind: Kind
    fur: Fur
    pose: Pose
    support: Support
    thing: Thing


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture's ground truth."""

    subject: Person | Creature
    place: Place
    light: Light
    chance: int = 0


def attributes(scene: Scene) -> dict[str, str]:
    """Everything a caption tells of the scene, by name: the ground truth that captions are judged by."""
    subject = scene.subject
    names = [name for name in subject.__dataclass_fields__ if name != "hair_colour"]
    told = {name: str(getattr(subject, name)) for name in names}
    if isinstance(subject, Person) and subject.hair is not Hair.BALD:
        told["hair_colour"] = str(subject.hair_colour)
    return told | {"place": str(scene.place), "light": str(scene.light)}


@dataclass(frozen=True, slots=True)
class Unnamed:
    """All that a picture shows and no caption names: three numbers from 0 to 1, each drawn evenly."""

    skin: float  # from the fairest to the darkest
    across: float  # where the subject stands, from left to right
    down: float  # and from top to bottom


def unnamed(scene: Scene) -> Unnamed:
    """What the scene's `chance` stands for."""
    rng = random.Random(scene.chance)
    return Unnamed(rng.random(), rng.random(), rng.random())


def held_out(scene: Scene) -> bool:
    """Whether this combination of attributes is kept out of training; the same on every machine, for ever."""
    key = ";".join(f"{name}={value}" for name, value in sorted(attributes(scene).items()))
    return zlib.crc32(key.encode()) % HELD_OUT_ONE_IN == 0


def sample(seed: int) -> Scene:
    """The scene of a seed: each attribute drawn evenly among those that go together."""
    rng = random.Random(f"pictophone-scene-{seed}")
    subject = _person(rng) if rng.random() < PERSON_SHARE else _creature(rng)
    places = [place for place in Place if fits(subject, place)]
    return Scene(subject, rng.choice(places), rng.choice(list(Light)), rng.randrange(CHANCES))


def fits(subject: Person | Creature, place: Place) -> bool:
    """Grass does not grow indoors; everything else may be anywhere."""
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
        kind=rng.choice(list(Kind)),
        fur=rng.choice(list(Fur)),
        pose=rng.choice(list(Pose)),
        support=rng.choice(list(Support)),
        thing=rng.choice(list(Thing)),
    )
