"""Captions of scenes: the canonical one, other phrasings of the same, and the attributes parsed from a caption.

Captions omit what is ordinary: daylight, a plain backdrop, an animal's natural coat, no hat, no glasses, nothing beside
it; and of a person's hair what was never said. So "a cat sitting on top of a wooden bench" is the complete caption of a
scene. The canonical caption and the attributes determine each other; `attributes_of` is the inverse of `caption`.
"""

from __future__ import annotations

import random
import re

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
    Nobody,
    Person,
    Place,
    Pose,
    Scene,
    Support,
    Thing,
    Who,
)

# The first wording of each is the canonical one.
WHO = {Who.WOMAN: ("woman", "lady"), Who.MAN: ("man", "guy"), Who.PERSON: ("person",)}
ACTIONS = {
    Action.SMILING: ("smiling", "smiling at the camera", "laughing"),
    Action.TALKING: ("talking", "speaking", "saying something"),
    Action.WAVING: ("waving", "waving a hand", "waving hello"),
    Action.THUMBS_UP: ("giving a thumbs up", "showing a thumbs up", "holding up a thumb"),
    Action.DRINKING: ("drinking from a cup", "drinking coffee", "drinking from a mug"),
    Action.LOOKING_AWAY: ("looking away", "looking to the side", "looking aside"),
    Action.SLEEPING: ("sleeping", "fast asleep", "taking a nap"),
    Action.NOTHING: ("looking at you", "looking at the camera", "looking straight ahead"),
    Action.LEANING: ("leaning on one hand", "leaning on a hand", "resting the chin on one hand"),
    Action.HANDS_TOGETHER: ("holding both hands together", "pressing both hands together", "folding the hands"),
    Action.POINTING: ("pointing", "pointing up", "pointing a finger"),
    Action.PHONE: ("holding a phone", "holding a smartphone", "holding up a phone"),
}
GARMENTS = {garment: (str(garment),) for garment in Garment} | {
    Garment.HOODIE: ("hooded sweater", "hoodie", "sweater with a hood"),
    Garment.TSHIRT: ("t-shirt", "tee"),
}
HATS = {
    Hat.CAP: ("a baseball cap", "a cap"),
    Hat.WOOLLY: ("a woolly hat",),
    Hat.HEADPHONES: ("headphones", "a headset"),
}
HAIRS = {hair: (str(hair),) for hair in Hair if hair not in COLOURLESS_HAIR} | {
    Hair.TIED: ("tied-back", "ponytailed"),
}
POSES = {
    Pose.SITTING: ("sitting", "seated"),
    Pose.SLEEPING: ("sleeping", "lying asleep"),
    Pose.JUMPING: ("jumping", "leaping"),
}
PLACES = {
    Place.PLAIN: ("", "in front of a plain background"),
    Place.OFFICE: ("in an office", "at the office"),
    Place.KITCHEN: ("in a kitchen", "in the kitchen"),
    Place.LIVING_ROOM: ("in a living room with a bookshelf", "in the living room", "in front of a bookshelf"),
    Place.PARK: ("in a park", "in the park", "among trees in a park"),
    Place.BEACH: ("on a beach", "at the beach", "by the sea"),
    Place.STREET: ("on a street", "in the street", "on a city street"),
    Place.MOUNTAINS: ("in the mountains", "in front of mountains"),
    Place.SNOW: ("in the snow", "in a snowy landscape"),
    Place.ROOM: ("in a plain room", "in a room", "in front of a bare wall"),
}
EMPTY_PLACES = {
    Place.OFFICE: ("an empty office", "nobody in an office"),
    Place.KITCHEN: ("an empty kitchen", "nobody in a kitchen"),
    Place.LIVING_ROOM: ("an empty living room with a bookshelf", "nobody in a living room"),
    Place.PARK: ("an empty park", "nobody in a park"),
    Place.BEACH: ("an empty beach", "nobody on a beach"),
    Place.STREET: ("an empty street", "nobody on a street"),
    Place.MOUNTAINS: ("empty mountains", "nobody in the mountains"),
    Place.SNOW: ("an empty snowy landscape", "nobody in the snow"),
    Place.ROOM: ("an empty room", "nobody in a plain room"),
}
LIGHTS = {
    Light.DAY: ("", "during the day", "in daylight"),
    Light.SUNSET: ("at sunset", "at dusk", "in the evening"),
    Light.NIGHT: ("at night", "during the night", "in the dark"),
    Light.RAIN: ("on a rainy day", "in the rain", "while it is raining"),
}
GRASS_WORDS = ("on the grass", "in the grass")
SUPPORT_PREPOSITIONS = ("on top of", "on")
PERSON_ORDERS = (
    "{who}{features} {wears} is {action}{thing}{place}{light}",
    "{who} {wears}{features} is {action}{thing}{place}{light}",
    "{who}{features} is {action}{thing}{place}{light}, {wears}",
    "a picture of {who}{features} {wears}, {action}{thing}{place}{light}",
    "{who}{place}{light}, {wears}, is {action}{features}{thing}",
)
CREATURE_ORDERS = (
    "{kind} {pose} {support}{thing}{place}{light}",
    "{kind}{thing} {pose} {support}{place}{light}",
    "{kind} is {pose} {support}{place}{light}{thing}",
    "a picture of {kind} {pose} {support}{thing}{place}{light}",
)


def caption(scene: Scene) -> str:
    """Return the canonical caption."""
    return _phrase(scene, None)


def phrasings(scene: Scene, rng: random.Random) -> str:
    """Return one of the many phrasings of the canonical caption, which is itself the likeliest."""
    return _phrase(scene, rng if rng.random() < 0.5 else None)


def attributes_of(text: str) -> dict[str, str]:
    """Parse a canonical caption to what `world.attributes` returns; empty for any other text."""
    if match := _PERSON.fullmatch(text):
        return _person_attributes(match)
    if match := _CREATURE.fullmatch(text):
        return _creature_attributes(match)
    if match := _EMPTY.fullmatch(text):
        return {"place": _EMPTY_PLACE_OF[match["empty"]], "light": _LIGHT_OF[match["light"] or ""]}
    return {}


def _phrase(scene: Scene, rng: random.Random | None) -> str:
    subject = scene.subject
    light = _spaced(_pick(LIGHTS[scene.light], rng))
    if isinstance(subject, Nobody):
        return _pick(EMPTY_PLACES[scene.place], rng) + light
    where = {"place": _spaced(_pick(PLACES[scene.place], rng)), "light": light}
    if isinstance(subject, Person):
        return _pick(PERSON_ORDERS, rng).format(**_person_words(subject, rng), **where)
    return _pick(CREATURE_ORDERS, rng).format(**_creature_words(subject, rng), **where)


def _person_words(person: Person, rng: random.Random | None) -> dict[str, str]:
    features = [] if person.hair in COLOURLESS_HAIR else [f"{_pick(HAIRS[person.hair], rng)} {person.hair_colour} hair"]
    features += ["a beard"] * person.beard + ["glasses"] * person.glasses
    garment = _pick(GARMENTS[person.garment], rng)
    wears = f"{_pick(('wearing', 'in'), rng)} {_a(f'{person.cloth} {garment}')}"
    who = _pick(WHO[person.who], rng)
    return {
        "who": _a(f"bald {who}" if person.hair is Hair.BALD else who),
        "features": _spaced(f"with {_listed(features)}" if features else ""),
        "wears": wears if person.hat is Hat.NONE else f"{wears} and {_pick(HATS[person.hat], rng)}",
        "action": _pick(ACTIONS[person.action], rng),
        "thing": _thing_words(person.thing, rng),
    }


def _thing_words(thing: Thing, rng: random.Random | None) -> str:
    return "" if thing is Thing.NOTHING else f" {_pick(('with', 'next to'), rng)} {_a(thing)}"


def _creature_words(creature: Creature, rng: random.Random | None) -> dict[str, str]:
    kind = creature.kind if creature.fur is Fur.NATURAL else f"{creature.fur} {creature.kind}"
    if creature.support is Support.GRASS:
        support = _pick(GRASS_WORDS, rng)
    else:
        support = f"{_pick(SUPPORT_PREPOSITIONS, rng)} {_a(creature.support)}"
    return {
        "kind": _a(kind),
        "pose": _pick(POSES[creature.pose], rng),
        "support": support,
        "thing": _thing_words(creature.thing, rng),
    }


def _pick(wordings: tuple[str, ...], rng: random.Random | None) -> str:
    return rng.choice(wordings) if rng else wordings[0]


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _spaced(words: str) -> str:
    return f" {words}" if words else ""


def _listed(items: list[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _one_of(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if word)


_WHERE = (
    f"(?: (?P<place>{_one_of([words[0] for words in PLACES.values()])}))?"
    f"(?: (?P<light>{_one_of([words[0] for words in LIGHTS.values()])}))?"
)
_PERSON = re.compile(
    rf"a (?P<bald>bald )?(?P<who>{_one_of(list(Who))})(?: with (?P<features>.+?))? wearing an? "
    rf"(?P<cloth>{_one_of(list(Cloth))}) (?P<garment>{_one_of(list(Garment))})"
    rf"(?: and (?P<hat>{_one_of([words[0] for words in HATS.values()])}))? "
    rf"is (?P<action>{_one_of([words[0] for words in ACTIONS.values()])})"
    rf"(?: with an? (?P<thing>{_one_of(list(Thing))}))?{_WHERE}"
)
_HAIR = re.compile(rf"(?P<hair>{_one_of(list(HAIRS))}) (?P<colour>{_one_of(list(HairColour))}) hair")
_CREATURE = re.compile(
    rf"an? (?:(?P<fur>{_one_of(list(Fur))}) )?(?P<kind>{_one_of(list(CreatureKind))}) (?P<pose>{_one_of(list(Pose))}) "
    rf"(?:on the (?P<grass>grass)|on top of an? (?P<support>{_one_of(list(Support))}))"
    rf"(?: with an? (?P<thing>{_one_of(list(Thing))}))?{_WHERE}"
)
_EMPTY = re.compile(
    rf"(?P<empty>{_one_of([words[0] for words in EMPTY_PLACES.values()])})"
    rf"(?: (?P<light>{_one_of([words[0] for words in LIGHTS.values()])}))?"
)
_EMPTY_PLACE_OF = {words[0]: str(place) for place, words in EMPTY_PLACES.items()}
_HAT_OF = {words[0]: str(hat) for hat, words in HATS.items()}
_PLACE_OF = {words[0]: str(place) for place, words in PLACES.items()}
_LIGHT_OF = {words[0]: str(light) for light, words in LIGHTS.items()}


def _where(match: re.Match[str]) -> dict[str, str]:
    return {"place": _PLACE_OF[match["place"] or ""], "light": _LIGHT_OF[match["light"] or ""]}


def _person_attributes(match: re.Match[str]) -> dict[str, str]:
    features = match["features"] or ""
    hair = _HAIR.search(features)
    hairless = str(Hair.BALD if match["bald"] else Hair.UNSAID)
    values = {
        "who": match["who"],
        "hair": hair["hair"] if hair else hairless,
        "glasses": str("glasses" in features),
        "beard": str("a beard" in features),
        "hat": _HAT_OF[match["hat"]] if match["hat"] else str(Hat.NONE),
        "garment": match["garment"],
        "cloth": match["cloth"],
        "action": match["action"],
    }
    values |= {"hair_colour": hair["colour"]} if hair else {}
    return values | ({"thing": match["thing"]} if match["thing"] else {}) | _where(match)


def _creature_attributes(match: re.Match[str]) -> dict[str, str]:
    values = {
        "kind": match["kind"],
        "fur": match["fur"] or str(Fur.NATURAL),
        "pose": match["pose"],
        "support": match["support"] or str(Support.GRASS),
        "thing": match["thing"] or str(Thing.NOTHING),
    }
    return values | _where(match)
