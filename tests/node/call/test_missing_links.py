"""Missing speech links, on a clock that the test moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.call.missing_links import BACK_WITHIN_S, LOST, MISSING_AFTER_S, NO_BROKER, MissingLinks
from node.links.attempts import Attempt
from protocol.signalling import Carries, Hello
from protocol.signalling.states import State

BLOCKED = Attempt(State.CONNECTING, ours=1, theirs=2)
BLOCKED_TEXT = "no path was found: nothing comes from the peer (UDP is blocked, or no side can be reached from outside)"
BOB = Hello(1, "bob")


class Scene:
    """A node that has met nobody yet; `attempt` is how far the link with anybody came."""

    def __init__(self) -> None:
        self.now, self.attempt, self.broker = 100.0, BLOCKED, True
        self.notes: list[str] = []
        self.found: list[tuple[str, str | None]] = []
        self.links = MissingLinks(
            Carries.EVERYTHING,
            lambda peer: self.attempt,
            lambda: self.broker,
            self.notes.append,
            clock=lambda: self.now,
            found=lambda peer, why: self.found.append((peer, why)),
        )

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.now += 0.5
            self.links.check()

    def connect(self) -> None:
        self.attempt = Attempt(State.CONNECTED, up=True, ours=1, theirs=1, heard_at=self.now, path=True)
        self.links.link_up("b")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_link_that_does_not_come_up_is_said_once_with_why_and_what_follows(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.wait(MISSING_AFTER_S - 0.5)
    assert (scene.notes, scene.links.why("b"), scene.links.never_spoken_with()) == ([], None, [])
    scene.wait(600)
    assert scene.notes == [
        f"there is no speech link with bob: {BLOCKED_TEXT}; "
        "trying again and again; a TURN server may help (ice_servers)"
    ]
    assert scene.found == [("b", BLOCKED_TEXT)]
    assert scene.links.why("b") == BLOCKED_TEXT
    assert (scene.links.never_spoken_with(), scene.links.spoken_with()) == ([BLOCKED_TEXT], 0)


def test_who_cannot_be_spoken_with_now_is_shown_as_such(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    assert scene.links.shown("b", "none", waits=False) == ""
    scene.wait(10)
    assert scene.links.shown("b", "none", waits=False) == " (no speech link)"
    assert scene.links.shown("b", "broker", waits=False) == ""
    assert scene.links.shown("b", "none", waits=True) == " (no way for speech: the broker is away)"


def test_when_it_comes_that_is_said(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.wait(10)
    scene.connect()
    scene.wait(10)
    assert scene.notes[1:] == ["there is a speech link with bob now"]
    assert scene.found[1:] == [("b", None)]
    assert (scene.links.never_spoken_with(), scene.links.spoken_with()) == ([], 1)


def test_a_link_that_comes_in_time_is_no_line(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.wait(3)
    scene.connect()
    scene.wait(60)
    assert (scene.notes, scene.found) == ([], [])


def test_a_link_that_is_lost_is_said_each_time(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.connect()
    scene.wait(60)
    for time in (1, 2):
        scene.attempt = replace(scene.attempt, heard_at=scene.now)
        scene.links.check()
        scene.links.link_ended("b")
        scene.wait(MISSING_AFTER_S - 0.5)
        assert len(scene.notes) == 2 * time - 2
        scene.wait(60)
        assert scene.notes[2 * time - 2].startswith(f"the speech link is lost with bob: {LOST}; trying")
        scene.connect()
        scene.wait(1)
    assert scene.notes[1] == scene.notes[3] == "there is a speech link with bob now"
    assert (scene.links.never_spoken_with(), scene.links.spoken_with()) == ([], 1)


def test_a_peer_that_was_silent_before_its_link_ended_is_missed_soon(scene: Scene) -> None:
    """The link is given up 5 s after the last of it: that is when it was lost."""
    scene.links.joined("b", BOB)
    scene.connect()
    scene.wait(5)
    scene.links.link_ended("b")
    scene.wait(BACK_WITHIN_S - 0.5)
    assert scene.notes == []
    scene.wait(0.5)
    assert len(scene.notes) == 1


def test_a_link_that_is_made_anew_at_once_is_no_line(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.connect()
    scene.wait(5)
    scene.links.link_ended("b")
    scene.wait(1)
    scene.connect()
    scene.wait(60)
    assert scene.notes == []


def test_who_has_no_speech_for_us_is_not_missed(scene: Scene) -> None:
    scene.links.joined("b", Hello(1, "bob", Carries.PICTURES_IN | Carries.PICTURES_OUT))
    scene.links.link_ended("b")
    scene.links.route_changed("b", "broker")
    scene.wait(60)
    assert (scene.notes, scene.links.never_spoken_with()) == ([], [])


def test_who_left_soon_or_was_spoken_with_is_not_counted_and_the_others_are(scene: Scene) -> None:
    for peer, stays_s in (("b", 2), ("c", 10)):
        scene.links.joined(peer, BOB)
        scene.wait(stays_s)
        scene.links.left(peer)
    assert scene.links.never_spoken_with() == [BLOCKED_TEXT]
    scene.links.joined("b", BOB)
    scene.connect()
    scene.links.left("b")
    assert (scene.links.never_spoken_with(), scene.links.spoken_with()) == ([BLOCKED_TEXT], 1)


def test_the_reason_of_an_attempt_before_holds_until_another_is_known(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.wait(3)
    scene.attempt = Attempt(State.PAUSED)
    scene.wait(4)
    assert BLOCKED_TEXT in scene.notes[0]
    scene.attempt = Attempt(State.OFFERED, ours=1)
    scene.wait(1)
    assert len(scene.notes) == 1
    assert scene.found[1] == ("b", "the peer does not answer our call, which goes through the broker")


def test_without_a_broker_no_call_is_made(scene: Scene) -> None:
    scene.broker, scene.attempt = False, Attempt(State.OFFERED)
    scene.links.joined("b", BOB)
    scene.wait(6)
    assert NO_BROKER in scene.notes[0]


def test_speech_through_the_broker_is_named_and_counts_as_speech(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.wait(4)
    scene.links.route_changed("b", "broker")
    scene.wait(10)
    assert scene.notes == [f"there is no speech link with bob: {BLOCKED_TEXT}; speech goes through the broker"]
    assert (scene.links.never_spoken_with(), scene.links.spoken_with()) == ([], 1)


def test_speech_that_takes_to_the_broker_later_is_said_once(scene: Scene) -> None:
    scene.links.joined("b", BOB)
    scene.wait(6)
    for route in ("broker", "none", "broker"):
        scene.links.route_changed("b", route)
    assert scene.notes[1:] == ["speech with bob goes through the broker now"]


def test_where_no_link_is_wanted_beside_the_broker_none_is_missed(scene: Scene) -> None:
    scene.attempt = Attempt(State.IDLE)
    scene.links.joined("b", BOB)
    scene.links.route_changed("b", "broker")
    scene.wait(60)
    assert scene.notes == []
