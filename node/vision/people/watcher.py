"""What holds before a real camera: one situation, made of the observations of all snapshots so far."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from node.vision.people.situation import Situation, situation_of
from node.vision.people.steady import EyeBaseline, Held
from node.vision.perception import actions
from node.vision.perception.observation import Observation
from node.vision.scenes.world import Action, Cloth, CreatureKind, Light, Place, Support, Thing

# Seconds that another value must last. A detector misses a person now and then, and a hand hides the clothes for a
# moment: only an action and somebody's coming are believed at once.
LEAVING_S, COUNT_S, UNSEEN_S, CLOTH_S, LOOKS_S, THING_S, COMPANY_S, PLACE_S = 2.0, 3.0, 3.0, 4.0, 6.0, 3.0, 4.0, 6.0

# Seconds after somebody came until which nothing is said while the clothes or the action are unknown: they mostly are
# seen a snapshot later, and would change the words.
PATIENCE_S = 2.0

# The evidence of what a person does counts this much more than that of another action: what hardly changed, holds.
STICKINESS = 1.25
STICKY: dict[Action, tuple[str, ...]] = {
    Action.THUMBS_UP: ("thumb",),
    Action.WAVING: ("wave",),
    Action.POINTING: ("point",),
    Action.LEANING: ("lean",),
    Action.HANDS_TOGETHER: ("together",),
    Action.DRINKING: ("cup",),
    Action.PHONE: ("phone",),
    Action.SMILING: ("smile",),
    Action.LOOKING_AWAY: ("turn", "yaw"),
}

# A mouth that talks is closed in many snapshots: it talks once it was open in TALKING_OPEN of the last TALKING_OF, and
# no longer once it was in none of them.
TALKING_OPEN, TALKING_OF = 2, 4


class PeopleWatcher:
    """The situation before the camera, from one observation after the other.

    A value changes when two snapshots in a row agree on another; what does not change fast must last for seconds. A
    picture that shows nothing changes nothing.
    """

    def __init__(self) -> None:
        self._people = Held(0)
        self._action: Held[Action | None] = Held(None)
        self._cloth: Held[Cloth | None] = Held(None, CLOTH_S)
        self._looks = Held((False, False, False), LOOKS_S)
        self._thing = Held(Thing.NOTHING, THING_S)
        self._company = Held("", COMPANY_S)
        self._subject: Held[tuple[CreatureKind | None, Support | None, Thing, str]] = Held(
            (None, None, Thing.NOTHING, ""), LEAVING_S
        )
        self._place: Held[Place | None] = Held(None, PLACE_S)
        self._light = Held(Light.DAY, PLACE_S)
        self._indoors = False
        self._mouth: deque[bool] = deque(maxlen=TALKING_OF)
        self._eyes = EyeBaseline()
        self._came_at = float("-inf")
        self._told: Situation | None = None

    @property
    def pending(self) -> bool:
        """Whether another snapshot is wanted, because something may be about to change or nothing is known yet."""
        return self._told is None or any(held.pending for held in self._all())

    def update(self, seen: Observation, now: float, voice: bool | None = None) -> Situation | None:
        """Take the observation of one snapshot, and return the situation; None while nothing is known yet.

        `voice` says whether the microphone hears a voice; None if it cannot tell: then the mouth does.
        """
        if seen.blind:
            for held in self._all():
                held.doubt()
            return self._told
        one = situation_of(seen)
        self._count(one.people, now)
        self._follow_place(one, now)
        if one.people:
            self._follow_person(seen, one, now, voice)
        else:
            self._subject.update((one.creature, one.support, one.beside, one.named), now)
            self._action.doubt()
        if self._knows_enough(now):
            self._told = self._situation()
        return self._told

    def _knows_enough(self, now: float) -> bool:
        if not self._people.value:
            return self._people.settled
        complete = self._action.settled and self._cloth.settled
        return complete or now - self._came_at >= PATIENCE_S

    def _all(self) -> tuple[Held[object], ...]:
        held = (
            *(self._people, self._action, self._cloth, self._looks, self._thing),
            *(self._company, self._subject, self._place, self._light),
        )
        return tuple(held)  # type: ignore[arg-type]

    def _count(self, people: int, now: float) -> None:
        before = self._people.value
        self._people.lasting_s = COUNT_S if people and before else LEAVING_S if before else 0.0
        if self._people.update(people, now) and not before:
            self._came_at = now
            self._forget_person()

    def _forget_person(self) -> None:
        """Begin again: somebody else may have come."""
        self._eyes.clear()
        self._mouth.clear()
        self._action.restart(None)
        self._cloth.restart(None)
        self._looks.restart((False, False, False))

    def _follow_place(self, one: Situation, now: float) -> None:
        self._indoors |= one.indoors
        self._light.update(one.light, now)
        if one.place is not None or not self._place.settled:
            self._place.update(one.place, now)
        else:
            self._place.doubt()

    def _follow_person(self, seen: Observation, one: Situation, now: float, voice: bool | None) -> None:
        action = self._action_of(seen, voice)
        self._action.lasting_s = UNSEEN_S if action is None else 0.0
        self._action.update(action, now)
        self._looks.update((one.glasses, one.beard, one.hat), now)
        self._company.update(one.company, now)
        self._thing.update(Thing.NOTHING if action is Action.DRINKING and one.thing is Thing.CUP else one.thing, now)
        if one.cloth is None:
            self._cloth.doubt()
        else:
            self._cloth.update(one.cloth, now)

    def _action_of(self, seen: Observation, voice: bool | None) -> Action | None:
        """Return what the person does, by what is known of this person."""
        if not seen.evidence:
            return seen.action
        numbers = dict(seen.evidence)
        for name in STICKY.get(self._action.value, ()) if self._action.value else ():
            numbers[name] = numbers.get(name, 0.0) * STICKINESS
        self._mouth.append(actions.mouth_open(numbers) if voice is None else voice)
        numbers["jaw"] = 1.0 if self._talks() else 0.0
        if "blink" in numbers and self._eyes_known(numbers):
            numbers["blink"] = 1.0 if self._eyes.closed(numbers["blink"]) and not _looks_down(numbers) else 0.0
        return actions.action_of(numbers)

    def _talks(self) -> bool:
        least = 1 if self._action.value is Action.TALKING else TALKING_OPEN
        return sum(self._mouth) >= least

    def _eyes_known(self, numbers: dict[str, float]) -> bool:
        """Return whether the person's own open eyes are known, and learn them from the snapshot if they are open."""
        closed = self._eyes.closed(numbers["blink"]) if self._eyes.known else actions.eyes_closed(numbers)
        if not closed:
            self._eyes.add(numbers["blink"])
        return self._eyes.known

    def _situation(self) -> Situation:
        glasses, beard, hat = self._looks.value
        creature, support, beside, named = self._subject.value
        now = Situation(
            people=self._people.value,
            action=self._action.value,
            cloth=self._cloth.value,
            glasses=glasses,
            beard=beard,
            hat=hat,
            thing=self._thing.value,
            company=self._company.value,
            place=self._place.value,
            indoors=self._indoors,
            light=self._light.value,
        )
        if self._people.value:
            return now
        return replace(now, creature=creature, support=support, beside=beside, named=named)


def _looks_down(numbers: dict[str, float]) -> bool:
    """Return whether the lids hang because the eyes look down."""
    lids, down = numbers["blink"], numbers.get("down", 0.0)
    return lids <= actions.CLOSED and lids - down <= actions.BLINK_BEYOND_DOWN
