"""What the detector's names mean in the drawn world: things, animals, what they are on, and the place they tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from node.vision.perception.observation import SeenFace, SeenThing
from node.vision.scenes.world import CreatureKind, Place, Support, Thing

# The detector's score from which a thing is named. Of 17 photos without people every invented thing had less.
SURE = 0.5

# What stands beside a person who is named is a remark: it may be wrong less often.
SURER = 0.6

# Share of the picture that a thing takes if it is what the picture is of.
SUBJECT = 0.08

# How far a thing may be from the middle of a face, in heights of it, to be held or near.
REACH = 4.0

THINGS = {
    "sports ball": Thing.BALL,
    "umbrella": Thing.UMBRELLA,
    "cup": Thing.CUP,
    "laptop": Thing.LAPTOP,
    "book": Thing.BOOK,
}
CREATURES = {
    "cat": CreatureKind.CAT,
    "dog": CreatureKind.DOG,
    "bird": CreatureKind.BIRD,
    "horse": CreatureKind.HORSE,
    "teddy bear": CreatureKind.TEDDY,
}
SUPPORTS = {
    "bench": Support.BENCH,
    "chair": Support.CHAIR,
    "dining table": Support.TABLE,
    "bed": Support.BED,
    "couch": Support.SOFA,
}
PLACES = {
    **dict.fromkeys(("laptop", "keyboard", "mouse", "tv"), Place.OFFICE),
    **dict.fromkeys(("oven", "refrigerator", "microwave", "sink", "toaster"), Place.KITCHEN),
    **dict.fromkeys(("couch", "bookshelf"), Place.LIVING_ROOM),
    **dict.fromkeys(("car", "bus", "truck", "traffic light", "stop sign"), Place.STREET),
}

# A laptop is also in kitchens and living rooms: what is only there outweighs it.
PORTABLE = frozenset({"laptop", "keyboard", "mouse", "tv"})

# One book lies anywhere; so many are a shelf.
SHELF = 4

# What stands in rooms, and is nothing to speak of.
FURNISHINGS = frozenset({
    *SUPPORTS, *(name for name, place in PLACES.items() if place is not Place.STREET),
    "potted plant", "clock", "vase", "remote", "bottle", "bowl", "toilet", "cell phone", "knife", "spoon", "fork",
})  # fmt: skip

# What people hold and carry, beside the things and animals of the drawn world.
HELD = frozenset({
    "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "wine glass",
    "tennis racket", "baseball bat", "frisbee", "kite", "skateboard", "surfboard", "skis", "snowboard", "scissors",
    "toothbrush", "hair drier", "backpack", "handbag", "suitcase", "bicycle", "motorcycle", "guitar",
})  # fmt: skip

COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine")
PLURALS = {"person": "people", "bus": "buses", "sheep": "sheep", "skis": "skis", "scissors": "scissors"}
WITHOUT_ARTICLE = frozenset({"skis", "scissors", "broccoli"})


def place_of(things: Iterable[SeenThing]) -> Place | None:
    """Return the place that the things tell, None if they tell none."""
    named = [thing for thing in things if thing.score >= SURE]
    weights: Counter[Place] = Counter()
    for thing in named:
        if (place := PLACES.get(thing.name)) is not None:
            weights[place] += 1 if thing.name in PORTABLE else 2
    if sum(thing.name == "book" for thing in named) >= SHELF:
        weights[Place.LIVING_ROOM] += 2
    return weights.most_common(1)[0][0] if weights else None


def indoors(things: Iterable[SeenThing]) -> bool:
    """Return whether any thing shows that this is a room."""
    return any(thing.name in FURNISHINGS and thing.score >= SURE for thing in things)


def thing_near(things: Iterable[SeenThing], face: SeenFace | None) -> Thing:
    """Return the drawn world's thing that a person holds or has near, NOTHING if there is none."""
    near = (thing for thing in things if thing.name in THINGS and thing.score >= SURE and _reached(thing, face))
    best = max(near, key=lambda thing: thing.score, default=None)
    return Thing.NOTHING if best is None else THINGS[best.name]


def company_of(things: Iterable[SeenThing], face: SeenFace | None) -> str:
    """Return in words what a person has near that the drawn world cannot show beside people; empty if nothing."""
    near = [
        thing
        for thing in things
        if (thing.name in HELD or thing.name in CREATURES) and thing.score >= SURER and _reached(thing, face)
    ]
    return _counted(near)


def creature_of(things: Sequence[SeenThing]) -> tuple[CreatureKind, Support | None, Thing] | None:
    """Return the surest animal, what it is on (None if that is not seen), and the thing beside it; None without one."""
    sure = [thing for thing in things if thing.score >= SURE]
    animal = next((thing for thing in sure if thing.name in CREATURES), None)
    if animal is None:
        return None
    below = next((thing for thing in sure if thing.name in SUPPORTS and _carries(thing, animal)), None)
    beside = next((THINGS[thing.name] for thing in sure if thing.name in THINGS), Thing.NOTHING)
    return CREATURES[animal.name], None if below is None else SUPPORTS[below.name], beside


def named(things: Iterable[SeenThing]) -> str:
    """Return in words what a picture without people and animals is of: "two motorcycles"; empty if nothing is named."""
    large = [thing for thing in things if thing.score >= SURE and thing.name not in FURNISHINGS]
    return _counted([thing for thing in large if _area(thing) >= SUBJECT])


def counted(name: str, count: int) -> str:
    """Return a number of things in words: "a motorcycle", "two people", "many books"."""
    if count == 1:
        article = "an" if name[0] in "aeiou" else "a"
        return name if name in WITHOUT_ARTICLE else f"{article} {name}"
    number = COUNTS[count - 2] if count - 2 < len(COUNTS) else "many"
    return f"{number} {PLURALS.get(name) or name + ('es' if name.endswith(('ch', 'sh', 's')) else 's')}"


def _counted(things: Sequence[SeenThing]) -> str:
    """Return the surest thing, and how many there are of its kind."""
    best = max(things, key=lambda thing: thing.score, default=None)
    return "" if best is None else counted(best.name, sum(thing.name == best.name for thing in things))


def _reached(thing: SeenThing, face: SeenFace | None) -> bool:
    """Return whether the thing's box comes within REACH of the face; anything does if there is none to measure by."""
    if face is None:
        return True
    left, top, right, bottom = thing.box
    across = max(left - face.x, 0.0, face.x - right)
    down = max(top - face.y, 0.0, face.y - bottom)
    return max(across, down) <= REACH * face.size


def _carries(support: SeenThing, animal: SeenThing) -> bool:
    """Return whether the animal's lower edge, in its middle, is on the support."""
    left, top, right, bottom = support.box
    middle = (animal.box[0] + animal.box[2]) / 2
    return left <= middle <= right and top <= animal.box[3] <= bottom + 0.05


def _area(thing: SeenThing) -> float:
    left, top, right, bottom = thing.box
    return (right - left) * (bottom - top)
