"""Members that are here by their speech alone."""

from __future__ import annotations

from protocol.signalling import HereBySpeech
from protocol.signalling.by_speech import MembersBySpeech
from protocol.signalling.news import MAX_BY_SPEECH

CARL = ("cccc", "carl")


def test_our_own_peers_and_those_of_others_come_and_go() -> None:
    members = MembersBySpeech("aaaa")
    assert members.changes({"bbbb": "bob"}, ["bbbb"]) == [HereBySpeech("bbbb", "bob", True)]
    members.said("dddd", (CARL,))
    assert members.changes({"bbbb": "bob"}, ["bbbb", "dddd"]) == [HereBySpeech("cccc", "carl", True)]
    assert members.changes({}, ["bbbb", "dddd"]) == [HereBySpeech("bbbb", "bob", False)]
    members.said("dddd", ())
    assert members.changes({}, ["bbbb", "dddd"]) == [HereBySpeech("cccc", "carl", False)]


def test_two_who_say_the_same_make_one_and_one_is_enough() -> None:
    members = MembersBySpeech("aaaa")
    for peer in ("bbbb", "dddd"):
        members.said(peer, (CARL,))
    assert members.changes({}, ["bbbb", "dddd"]) == [HereBySpeech("cccc", "carl", True)]
    members.said("bbbb", ())
    assert members.changes({}, ["dddd"]) == []


def test_whom_we_have_met_ourselves_needs_nobody_to_vouch_for_it() -> None:
    members = MembersBySpeech("aaaa")
    members.said("bbbb", (CARL, ("aaaa", "not we"), ("bbbb", "nor itself")))
    assert members.changes({}, ["bbbb", "cccc"]) == []


def test_our_hello_is_outdated_once_one_for_whom_it_vouches_is_gone() -> None:
    members = MembersBySpeech("aaaa")
    assert members.publish({"bbbb": "bob"}, for_all=True) == (("bbbb", "bob"),)
    assert not members.is_outdated(["bbbb", "cccc"])
    assert members.is_outdated(["cccc"])
    assert members.publish({}, for_all=True) == ()
    assert not members.is_outdated([])


def test_what_a_hello_says_to_one_leaves_in_force_what_it_said_to_all() -> None:
    members = MembersBySpeech("aaaa")
    members.publish({"bbbb": "bob"}, for_all=True)
    assert members.publish({"cccc": "carl"}, for_all=False) == (CARL,)
    assert members.is_outdated(["cccc"])
    assert members.is_outdated(["bbbb"])


def test_liars_make_no_crowd() -> None:
    members = MembersBySpeech("aaaa")
    for peer in range(7):
        members.said(f"pee{peer}", tuple((f"x{peer}{number:x}", "x") for number in range(15)))
    assert len(members.changes({}, [])) == MAX_BY_SPEECH
