"""Reading of words: captions in any phrasing of the world, and how much of any other words the world covers.

`read_caption` is the inverse of `grammar.phrasings`. `coverage` takes a few liberties more that change no meaning:
capitals, articles, "couch" for "sofa", "sits on" for "sitting on". What it calls known is a whole scene that the words
say, and what it calls the rest is everything else that they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeVar

from node.vision.scenes import grammar
from node.vision.scenes.description import Description, Unknown, read_description
from node.vision.scenes.vocabulary import JOINTS, SAME
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
    fits,
)

__all__ = ["Coverage", "Description", "Unknown", "coverage", "read_caption", "read_description"]

Word = TypeVar("Word", bound=StrEnum)

# Words of a scene's longest phrasing, with some to spare: a longer beginning of a text is not tried.
MOST_WORDS = 48


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of some words the drawn world has: a canonical caption, or "", and the words that it leaves out."""

    known: str
    rest: str


def read_caption(text: str) -> Scene | None:
    """Return the scene that a caption of the world says, in any phrasing; None for any other text."""
    for pattern in _patterns():
        if (match := pattern.fullmatch(text)) and _is_one_scene(match.groupdict()):
            return _scene(match.groupdict())
    return None


def coverage(text: str) -> Coverage:
    """Return what of the text may be painted, and the rest, in the words of the text.

    The beginning of a text is known where it is a whole scene and a word follows that cannot change it. Raises nothing:
    what is not understood is the rest.
    """
    words = text.split()
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        if _may_end(words, count) and (scene := read_caption(_plain(words[:count]))):
            return Coverage(grammar.caption(scene), " ".join(words[count:]))
    return Coverage("", " ".join(words))


def _may_end(words: list[str], count: int) -> bool:
    """Return whether a scene may end after so many of the words."""
    return count == len(words) or words[count].lower().strip(",;") in JOINTS or words[count - 1][-1] in ",;."


def _plain(words: Iterable[str]) -> str:
    """Return the words in small letters, without a mark at the end, and in the grammar's own wording."""
    plain = " ".join(words).lower().rstrip(" .,;!")
    plain = re.sub(r"[\w-]+", lambda word: SAME.get(word[0], word[0]), plain)
    plain = re.sub(r"^(?:there is |this is )?(?:the )?", "", plain)
    plain = re.sub(r"\b(on top of|on|with|next to) the (?!grass|side)", r"\1 a ", plain)
    plain = re.sub(r"\b(on top of|on) an? bench", r"\1 a wooden bench", plain)
    return f"a {plain}" if plain.split(" ")[0] in _nouns() else plain


@cache
def _nouns() -> frozenset[str]:
    """Return the words that a subject may begin with where its article was left out."""
    return frozenset({*CreatureKind, *Fur, *_wordings(grammar.WHO), "bald", "picture", "teddy"})


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each order of words, with a group for each attribute."""
    where = {"place": _maybe(" ", "place", grammar.PLACES), "light": _maybe(" ", "light", grammar.LIGHTS)}
    thing = rf"(?: (?:with|next to) an? {_group('thing', set(Thing) - {Thing.NOTHING})})?"
    person = {**_person_patterns(), **where, "thing": thing}
    creature = {**_creature_patterns(), **where, "thing": thing}
    orders = [order.format(**person) for order in grammar.PERSON_ORDERS]
    orders += [order.format(**creature) for order in grammar.CREATURE_ORDERS]
    orders.append(_group("empty", grammar.EMPTY_PLACES) + where["light"])
    return tuple(re.compile(order) for order in orders)


def _person_patterns() -> dict[str, str]:
    hair = f"{_one_of(_wordings(grammar.HAIRS))} {_one_of(HairColour)} hair"
    feature = f"(?:{hair}|a beard|glasses)"
    return {
        "who": f"an? (?P<bald>bald )?{_group('who', grammar.WHO)}",
        "features": f"(?: with (?P<features>{feature}(?:(?:, | and ){feature})*))?",
        "wears": f"(?:wearing|in) an? {_group('cloth', Cloth)} {_group('garment', grammar.GARMENTS)}"
        + _maybe(" and ", "hat", grammar.HATS),
        "action": _group("action", grammar.ACTIONS),
    }


def _creature_patterns() -> dict[str, str]:
    on = "|".join(grammar.SUPPORT_PREPOSITIONS)
    furniture = _group("support", set(Support) - {Support.GRASS})
    return {
        "kind": f"an? (?:{_group('fur', set(Fur) - {Fur.NATURAL})} )?{_group('kind', CreatureKind)}",
        "pose": _group("pose", grammar.POSES),
        "support": f"(?:{'|'.join(grammar.GRASS_WORDS)}|(?:{on}) an? {furniture})",
    }


def _wordings(table: Mapping[Word, tuple[str, ...]]) -> Iterator[str]:
    return (wording for wordings in table.values() for wording in wordings if wording)


def _one_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


def _group(name: str, words: Iterable[str] | Mapping[Word, tuple[str, ...]]) -> str:
    return f"(?P<{name}>{_one_of(_wordings(words) if isinstance(words, Mapping) else words)})"


def _maybe(before: str, name: str, table: Mapping[Word, tuple[str, ...]]) -> str:
    return f"(?:{before}{_group(name, table)})?"


def _meant(said: str | None, table: Mapping[Word, tuple[str, ...]], unsaid: Word) -> Word:
    """Return what a wording of the table stands for."""
    return next((word for word, wordings in table.items() if said in wordings), unsaid)


def _is_one_scene(said: dict[str, str | None]) -> bool:
    """Return whether the attributes go together: one head of hair, and no grass indoors."""
    heads = len(re.findall(r"\bhair\b", said.get("features") or "")) + bool(said.get("bald"))
    return heads <= 1 and _fits(_scene(said))


def _fits(scene: Scene) -> bool:
    return fits(scene.subject, scene.place)


def _scene(said: dict[str, str | None]) -> Scene:
    light = _meant(said.get("light") or "", grammar.LIGHTS, Light.DAY)
    if empty := said.get("empty"):
        return Scene(Nobody(), _meant(empty, grammar.EMPTY_PLACES, Place.ROOM), light)
    subject: Subject = _person(said) if said.get("who") else _creature(said)
    return Scene(subject, _meant(said.get("place") or "", grammar.PLACES, Place.PLAIN), light)


def _person(said: dict[str, str | None]) -> Person:
    features = said["features"] or ""
    hair, colour = _hair(features, Hair.BALD if said["bald"] else Hair.UNSAID)
    return Person(
        who=_meant(said["who"], grammar.WHO, Who.PERSON),
        hair=hair,
        hair_colour=colour,
        glasses="glasses" in features,
        beard="a beard" in features,
        hat=_meant(said["hat"], grammar.HATS, Hat.NONE),
        garment=_meant(said["garment"], grammar.GARMENTS, Garment.SHIRT),
        cloth=Cloth(said["cloth"] or ""),
        action=_meant(said["action"], grammar.ACTIONS, Action.NOTHING),
        thing=Thing(said["thing"] or Thing.NOTHING),
    )


def _hair(features: str, unsaid: Hair) -> tuple[Hair, HairColour]:
    match = re.search(rf"{_group('hair', grammar.HAIRS)} {_group('colour', HairColour)} hair", features)
    if match is None:
        return unsaid, HairColour.BLACK
    return _meant(match["hair"], grammar.HAIRS, Hair.UNSAID), HairColour(match["colour"])


def _creature(said: dict[str, str | None]) -> Creature:
    return Creature(
        kind=CreatureKind(said["kind"] or ""),
        fur=Fur(said["fur"] or Fur.NATURAL),
        pose=_meant(said["pose"], grammar.POSES, Pose.SITTING),
        support=Support(said["support"] or Support.GRASS),
        thing=Thing(said["thing"] or Thing.NOTHING),
    )
