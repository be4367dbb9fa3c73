"""The situation that holds before a real camera, on a clock of the test."""

from __future__ import annotations

from dataclasses import replace

from node.vision.people.situation import Situation
from node.vision.people.watcher import CLOTH_S, LEAVING_S, PATIENCE_S, PeopleWatcher
from node.vision.perception.observation import Observation, SeenThing
from node.vision.scenes.world import Action, Cloth, Place

# Every number of a face at rest.
REST = {"pixels": 100.0, "smile": 0.1, "jaw": 0.05, "blink": 0.1, "down": 0.2, "turn": 0.0, "yaw": 0.0, "squint": 0.0}


def face(cloth: Cloth | None = Cloth.BLUE, **numbers: float) -> Observation:
    return Observation(people=1, action=Action.NOTHING, evidence=REST | numbers, cloth=cloth)


class Call:
    """A watcher that gets a snapshot every half second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watcher = PeopleWatcher()

    def see(self, *seen: Observation, voice: bool | None = None) -> Situation | None:
        situation = None
        for one in seen:
            situation = self.watcher.update(one, self.now, voice)
            self.now += 0.5
        return situation

    def action(self, *seen: Observation, voice: bool | None = None) -> Action | None:
        situation = self.see(*seen, voice=voice)
        assert situation is not None
        return situation.action


def test_nothing_is_told_of_a_single_snapshot() -> None:
    call = Call()
    assert call.see(face()) is None
    assert call.watcher.pending
    assert call.see(face()) is not None
    assert not call.watcher.pending


def test_an_action_takes_two_snapshots_and_a_single_one_is_none() -> None:
    call, smile = Call(), face(smile=0.8)
    call.see(face(), face())
    assert call.action(smile) is Action.NOTHING
    assert call.action(face()) is Action.NOTHING
    assert call.action(smile, smile) is Action.SMILING


def test_a_smile_that_fades_a_little_holds() -> None:
    call = Call()
    call.see(face(smile=0.8), face(smile=0.8))
    assert call.action(*[face(smile=0.45)] * 20) is Action.SMILING
    assert call.action(*[face(smile=0.2)] * 20) is Action.NOTHING


def test_a_mouth_that_opens_and_closes_talks_and_one_open_moment_does_not() -> None:
    call, opened, closed = Call(), face(jaw=0.4), face()
    assert call.action(closed, closed, opened, closed, closed, closed) is Action.NOTHING
    assert call.action(opened, closed, opened, closed) is Action.TALKING
    assert call.action(*(opened, closed, closed, opened) * 5) is Action.TALKING
    assert call.action(*[closed] * 12) is Action.NOTHING


def test_the_microphone_knows_better_than_the_mouth() -> None:
    call = Call()
    assert call.action(*[face()] * 4, voice=True) is Action.TALKING
    assert call.action(*[face(jaw=0.5)] * 12, voice=False) is Action.NOTHING


def test_closed_eyes_are_closed_for_this_person() -> None:
    narrow = face(blink=0.67, down=0.5, squint=0.3)
    call = Call()
    assert call.action(*[narrow] * 20) is Action.NOTHING
    assert call.action(face(blink=0.95, down=0.5)) is Action.NOTHING  # a blink
    assert call.action(*[face(blink=0.95, down=0.5)] * 2) is Action.SLEEPING
    assert call.action(*[narrow] * 12) is Action.NOTHING


def test_lids_that_hang_because_the_eyes_look_down_are_open() -> None:
    call = Call()
    call.see(*[face()] * 20)
    assert call.action(*[face(blink=0.6, down=0.8)] * 4) is Action.NOTHING
    assert call.action(*[face(blink=0.6, down=0.3)] * 4) is Action.SLEEPING


def test_the_clothes_change_only_on_lasting_evidence() -> None:
    call = Call()
    call.see(*[face()] * 4)
    flicker = call.see(*(face(Cloth.BLACK), face(), face(Cloth.BLACK), face(Cloth.BLACK), face(None)) * 4)
    assert flicker is not None
    assert flicker.cloth is Cloth.BLUE
    changed = call.see(*[face(Cloth.RED)] * (int(CLOTH_S / 0.5) + 2))
    assert changed is not None
    assert changed.cloth is Cloth.RED


def test_a_person_that_is_missed_for_a_moment_is_there() -> None:
    call = Call()
    call.see(*[face()] * 4)
    missed = call.see(Observation(), Observation(), face())
    assert missed is not None
    assert missed.people == 1
    left = call.see(*[Observation()] * (int(LEAVING_S / 0.5) + 2))
    assert left is not None
    assert left.people == 0


def test_who_comes_next_has_other_clothes_at_once() -> None:
    call = Call()
    call.see(*[face()] * 4, *[Observation()] * 8)
    other = call.see(face(Cloth.RED), face(Cloth.RED))
    assert other is not None
    assert other.cloth is Cloth.RED


def test_clothes_that_cannot_be_seen_are_not_waited_for() -> None:
    call = Call()
    seen = call.see(*[face(None)] * (int(PATIENCE_S / 0.5) + 2))
    assert seen is not None
    assert seen.cloth is None


def test_what_shows_nothing_changes_nothing() -> None:
    call = Call()
    before = call.see(*[face(smile=0.9)] * 4)
    assert call.see(*[Observation(blind=True)] * 40) == before
    assert Call().see(Observation(blind=True), Observation(blind=True)) is None


def test_a_place_stays_though_its_things_are_hidden() -> None:
    laptop = SeenThing("laptop", 0.9, (0.1, 0.6, 0.4, 0.9))
    office = replace(face(), things=(laptop,))
    call = Call()
    call.see(*[office] * 4)
    hidden = call.see(*[face()] * 60)
    assert hidden is not None
    assert hidden.place is Place.OFFICE
