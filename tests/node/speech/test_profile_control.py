"""The profile that speech is sent by: as its user says, or as the peers' reports have it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from node.speech.profile_control import ProfileControl
from node.speech.profiles import CLEAR, CUSTOM, LEAN, NATURAL, TEXT, TOUGH, Profile
from protocol.rtp.receiver_reports import Report
from protocol.signalling import Carries, Hello


@dataclass
class Stream:
    """A stream of no packets."""

    profile: Profile

    def change(self, profile: Profile) -> None:
        self.profile = profile


@dataclass
class Links:
    """Links that take copies, and keep how often reports are asked for."""

    every_second: list[bool] = field(default_factory=list)

    def take_copies(self) -> bool:
        return True

    def want_reports(self, every_second: bool) -> None:
        self.every_second.append(every_second)


class Control:
    """A control on a clock of the test's own, and what it did."""

    def __init__(self, profile: Profile, *, adapts: bool = False, sends: bool = True, writes: bool = False) -> None:
        self.now = 100.0
        self.stream, self.links, self.notes = Stream(profile), Links(), list[str]()
        self.control = ProfileControl(
            self.stream,  # type: ignore[arg-type]
            self.links,  # type: ignore[arg-type]
            max_kbps=40.0,
            adapts=adapts,
            sends=sends,
            writes=writes,
            clock=lambda: self.now,
            note=self.notes.append,
        )

    def report(self, expected: int, lost: int, round_trip_s: float | None = None) -> None:
        self.now += 1.0
        self.control.report_received("ann", Report(expected, lost, 1.0, round_trip_s))

    def slow_down(self) -> None:
        for number in range(20):
            self.report(8, 0, 0.05 + 0.05 * number)


def test_losses_bring_the_copies_closer_until_the_link_ends() -> None:
    control = Control(TOUGH)
    for _ in range(12):
        control.report(16, 2)
    assert control.stream.profile.redundancy == 1
    control.control.link_ended("ann")
    control.report(16, 1)
    assert control.stream.profile == TOUGH


def test_a_profile_that_adapts_follows_the_links_until_the_user_chooses_another() -> None:
    control = Control(LEAN, adapts=True)
    control.control.link_up("ann")
    assert control.links.every_second == [True]
    control.slow_down()
    assert control.control.profile.name == "lowest"
    control.control.change(CLEAR)
    control.report(8, 0, 9.0)
    assert control.control.profile.name == "clear"
    assert control.links.every_second[-1] is False
    control.control.follow_the_link()
    assert control.control.profile.name == "lean"
    assert control.links.every_second[-1] is True
    assert "speech follows the link now, within 40 kbit/s" in control.notes
    control.slow_down()
    assert control.control.profile.name == "lowest"


def test_reports_are_not_asked_for_where_nothing_follows_them() -> None:
    control = Control(LEAN)
    control.control.link_up("ann")
    control.report(8, 0)
    assert control.links.every_second == []


@pytest.mark.parametrize(
    ("profile", "note"), [(CLEAR, "speech goes by clear now"), (TOUGH, "speech goes by tough now, with copies")]
)
def test_a_change_is_noted(profile: Profile, note: str) -> None:
    control = Control(LEAN)
    control.control.change(profile)
    assert control.notes == [note]
    control.control.change(profile)
    assert control.notes == [note]


def test_other_options_of_ones_own_are_noted_as_such() -> None:
    control = Control(replace(CLEAR, name=CUSTOM))
    control.control.change(replace(CLEAR, name=CUSTOM, bitrate=9000))
    assert control.notes == ["speech goes by other options now"]
    assert control.stream.profile.bitrate == 9000


def test_a_node_that_does_not_send_changes_nothing() -> None:
    control = Control(LEAN, sends=False)
    control.control.change(CLEAR)
    assert (control.stream.profile, control.notes) == (LEAN, [])


def test_a_profile_that_adapts_is_lean_while_speech_goes_through_the_broker() -> None:
    room = Control(CLEAR, adapts=True)
    room.control.change(CLEAR)
    room.control.follow_the_link()
    room.control.route_changed("ann", "direct")
    for _ in range(20):
        room.report(8, 0, 0.05)
    assert room.stream.profile.bitrate > LEAN.bitrate
    room.control.route_changed("ann", "broker")
    assert room.stream.profile.bitrate == LEAN.bitrate
    room.report(8, 0, 0.05)
    assert room.stream.profile.bitrate == LEAN.bitrate
    room.control.left("ann")
    assert room.stream.profile.bitrate > LEAN.bitrate


def test_a_profile_that_was_chosen_stays_whatever_way_speech_takes() -> None:
    room = Control(CLEAR)
    room.control.route_changed("ann", "broker")
    assert room.stream.profile == CLEAR


# -- text alone


def test_text_is_for_those_who_write_and_comes_and_goes_during_a_call() -> None:
    silent, writing = Control(LEAN), Control(LEAN, writes=True)
    silent.control.change(TEXT)
    assert silent.stream.profile == LEAN
    assert "begin the call with --transcribe" in silent.notes[-1]
    writing.control.change(TEXT)
    assert writing.stream.profile.text_only
    assert writing.notes == ["speech goes as text alone now: the others read it"]
    writing.control.change(LEAN)
    assert writing.stream.profile == LEAN


def test_a_call_begun_with_text_alone_stays_so() -> None:
    begun = Control(TEXT, sends=False, writes=True)
    begun.control.change(LEAN)
    begun.control.follow_the_link()
    assert begun.stream.profile == TEXT
    assert begun.notes == ["this call was begun with text alone: begin it anew to be heard"] * 2


def test_a_link_that_carries_no_sound_gets_text() -> None:
    control = Control(LEAN, adapts=True, writes=True)
    control.slow_down()
    assert control.stream.profile.text_only


HEARS = Carries.SPEECH_IN
ENHANCES = Carries.SPEECH_IN | Carries.ENHANCED_IN


def test_a_profile_for_enhancers_gives_way_while_a_listener_has_none() -> None:
    control = Control(NATURAL)
    control.control.joined("ann", Hello(1, "ann", ENHANCES))
    control.control.joined("eye", Hello(2, "eye", Carries.PICTURES_IN))
    assert (control.stream.profile, control.notes) == (NATURAL, [])
    control.control.joined("bob", Hello(3, "bob", HEARS))
    assert control.stream.profile == LEAN
    assert control.notes == ["speech goes by lean: natural is not for the libopus of bob"]
    control.report(16, 0)
    control.control.joined("cy", Hello(4, "cy", HEARS))
    control.control.left("bob")
    assert (control.stream.profile, len(control.notes)) == (LEAN, 1)
    control.control.left("cy")
    assert control.stream.profile == NATURAL
    assert control.notes[1:] == ["speech goes by natural now"]


def test_whoever_asks_for_it_beside_such_a_listener_reads_why_not() -> None:
    control = Control(CLEAR)
    control.control.joined("bob", Hello(3, "", HEARS))
    assert control.stream.profile == CLEAR
    for _ in range(2):
        control.control.change(NATURAL)
        assert control.stream.profile == LEAN
    assert control.notes == ["speech goes by lean: natural is not for the libopus of bob"] * 2
    control.control.joined("bob", Hello(4, "", ENHANCES))
    assert control.stream.profile == NATURAL


def test_an_audience_does_not_say_how_it_decodes() -> None:
    control = Control(NATURAL)
    control.control.speaks_to_audience()
    control.control.change(NATURAL)
    assert control.stream.profile == LEAN
    assert control.notes == ["speech goes by lean: natural is not for the libopus of the audience"] * 2
    control.control.change(CLEAR)
    assert control.stream.profile == CLEAR
