"""The scenes that the embedded models know, and their attributes.

A scene is a subject (a person in a call, an animal with things around it, or nobody), a place and a light. All that a
caption names is an attribute; `variant` seeds all that no caption names: skin tone, position, size and tilt. Two scenes
with the same attributes and another variant have the same caption.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


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
