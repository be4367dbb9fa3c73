"""The words of a situation: the drawn world's canonical caption wherever it has one, which costs three bytes.

What the drawn world cannot show is said behind what it can ("..., one of two people", "..., with a cat"), where a
receiver still paints the part that it knows, or in words alone ("a motorcycle"). What was neither said nor seen is left
out: without a description the words are "a person", and clothes that cannot be seen are in no words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.vision.people import things
from node.vision.people.situation import Situation, situation_of
from node.vision.scenes.grammar import caption
from node.vision.scenes.world import (
    COLOURLESS_HAIR,
    Action,
    Cloth,
    Creature,
    Fur,
    Garment,
    Hair,
    HairColour,
    Hat,
    Nobody,
    Person,
    Place,
    Pose,
    Scene,
    Who,
)

if TYPE_CHECKING:
    from node.vision.perception.observation import Observation
    from node.vision.scenes.reading import Description

# Of hair whose colour or cut was not said, though the other was: the likeliest.
USUAL_COLOUR, USUAL_CUT = HairColour.BROWN, Hair.SHORT

# What is worn if only its colour is known.
USUAL_GARMENT = Garment.SHIRT

# Where people are if nothing tells it.
USUAL_PLACE = Place.ROOM


def words_of(seen: Observation) -> str:
    """Return the words of one snapshot of which nothing was said; empty if nothing in it has a name."""
    return words(situation_of(seen))


def words(now: Situation, who: Description | None = None, place: Place | None = None) -> str:
    """Return the words of a situation, empty if nothing in it has a name.

    `who` is what was said of the person, `place` where the camera is said to be, if things do not tell.
    """
    if now.people:
        clothed = now.cloth is not None or (who is not None and who.cloth is not None)
        return _people(now, person_of(now, who), now.place or place or USUAL_PLACE, clothed)
    if now.creature is not None:
        return _creature(now, now.place or place or USUAL_PLACE)
    if now.named:
        return now.named
    where = now.place or place or (USUAL_PLACE if now.indoors else None)
    return "" if where is None else caption(Scene(Nobody(), where, now.light))


def person_of(now: Situation, who: Description | None) -> Person:
    """Return the person of a situation: what was said wins over what was seen, except of the colour of the clothes.

    An action that was not seen is NOTHING here, and clothes are BLACK: `words` leaves both out.
    """
    gender, hair, colour = (who.who, who.hair, who.hair_colour) if who else (None, None, None)
    hair = hair or (USUAL_CUT if colour else Hair.UNSAID)
    glasses, beard, hat = (who.glasses, who.beard, who.hat) if who else (None, None, None)
    return Person(
        who=gender or Who.PERSON,
        hair=hair,
        hair_colour=HairColour.BLACK if hair in COLOURLESS_HAIR else colour or USUAL_COLOUR,
        glasses=now.glasses if glasses is None else glasses,
        beard=now.beard if beard is None else beard,
        hat=(Hat.CAP if now.hat else Hat.NONE) if hat is None else hat,
        garment=(who.garment if who else None) or USUAL_GARMENT,
        cloth=now.cloth or (who.cloth if who else None) or Cloth.BLACK,
        action=now.action or Action.NOTHING,
        thing=now.thing,
    )


def _people(now: Situation, person: Person, place: Place, clothed: bool) -> str:
    text = caption(Scene(person, place, now.light))
    if now.action is None:
        text = text.replace(f" is {person.action}", "", 1)
    if not clothed:
        text = _without_clothes(text, person)
    text += f", one of {things.counted('person', now.people)}" if now.people > 1 else ""
    return f"{text}, with {now.company}" if now.company else text


def _without_clothes(text: str, person: Person) -> str:
    """Return a person's caption without the garment, whose colour nobody knows."""
    garment = f"wearing a {person.cloth} {person.garment}"
    if person.hat is Hat.NONE:
        return text.replace(f" {garment}", "", 1)
    return text.replace(f"{garment} and ", "wearing ", 1)


def _creature(now: Situation, place: Place) -> str:
    """Return an animal's caption; of one that is on nothing that has a name, its name alone."""
    assert now.creature is not None
    if now.support is None:
        return things.counted(str(now.creature), 1)
    animal = Creature(now.creature, Fur.NATURAL, Pose.SITTING, now.support, now.beside)
    return caption(Scene(animal, place, now.light))
