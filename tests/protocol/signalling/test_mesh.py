"""Rooms joined in memory."""

from __future__ import annotations

from functools import partial

import pytest
from greeting import greet
from mesh import DELAY_S, NEW, OLD, Node, World, bare

from protocol.signalling import (
    ApplyAnswer,
    Carries,
    EndCall,
    Hello,
    HereBySpeech,
    MakeAnswer,
    MakeOffer,
    PeerJoined,
    PeerLeft,
    Reason,
    RouteChanged,
)
from protocol.signalling.liveness import DOUBT_S
from protocol.signalling.messages import Bye, Offer, Proof, encode
from protocol.signalling.peer_call import CONNECT_TIMEOUT_S, OFFER_GRACE_S, STABLE_S
from protocol.signalling.room import MAX_PEERS, ROLL_CALL_S
from protocol.signalling.sdp_compression import pack_description
from protocol.signalling.states import State
from protocol.topics import Letter


def _call(**options: float) -> tuple[World, Node, Node]:
    """Return a world in which two nodes are in a call."""
    world = World(**options)  # type: ignore[arg-type]
    one, two = world.join("aaaa"), world.join("bbbb")
    world.run(5)
    assert world.connected()
    return world, one, two


def test_two_nodes_meet_and_talk() -> None:
    world = World()
    one, two = world.join("aaaa"), world.join("bbbb")
    world.run(1)
    assert world.connected()
    assert [type(event) for event in one.events] == [PeerJoined, MakeOffer, ApplyAnswer]
    assert [type(event) for event in two.events] == [PeerJoined, MakeAnswer]
    assert [(event.peer, bare(event.hello)) for event in one.of(PeerJoined)] == [("bbbb", Hello(1, "bbbb", NEW))]
    assert {peer: bare(hello) for peer, hello in one.room.peers.items()} == {"bbbb": Hello(1, "bbbb", NEW)}
    assert one.open_calls == two.open_calls


def test_a_late_joiner_is_met_at_once() -> None:
    world = World()
    world.join("bbbb")
    world.run(60)
    late = world.join("aaaa")
    world.run(1)
    assert world.connected()
    assert len(late.of(MakeOffer)) == 1


def test_everyone_talks_to_everyone() -> None:
    world = World()
    for index in range(MAX_PEERS + 1):
        world.join(f"aaa{chr(ord('a') + index)}")
        world.run(0.1)
    world.run(3)
    assert world.connected()
    assert all(len(node.open_calls) == MAX_PEERS for node in world.nodes.values())


def test_without_speech_in_common_there_is_no_call() -> None:
    world = World()
    watcher = world.join("aaaa", carries=Carries.PICTURES_IN)
    sender = world.join("bbbb")
    world.run(60)
    assert [type(event) for event in watcher.events + sender.events] == [PeerJoined, PeerJoined]
    assert world.nodes["aaaa"].room.state("bbbb") is State.IDLE


@pytest.mark.parametrize("carries", [Carries.SPEECH_OUT, Carries.SPEECH_IN])
def test_speech_one_way_is_enough(carries: Carries) -> None:
    world = World()
    world.join("aaaa", carries=carries)
    world.join("bbbb")
    world.run(1)
    assert world.connected()


def test_glare_is_won_by_the_smaller_id() -> None:
    """A broker so slow that the larger id loses its patience."""
    world = World(delay_s=OFFER_GRACE_S * 2)
    one, two = world.join("aaaa"), world.join("bbbb")
    world.run(12)
    assert world.connected()
    assert [type(event) for event in two.events] == [PeerJoined, MakeOffer, EndCall, MakeAnswer]
    assert two.of(EndCall)[0].reason is Reason.GLARE
    assert one.of(EndCall) == []


@pytest.mark.parametrize("carries", [OLD, NEW])
def test_lost_messages_are_sent_again(carries: Carries) -> None:
    for seed in range(20):
        world = World(seed, loss=0.4)
        world.join("aaaa", carries=carries)
        world.join("bbbb", carries=carries)
        world.run(120)
        assert world.connected(), seed
        assert world.nodes["aaaa"].open_calls == world.nodes["bbbb"].open_calls


def test_a_repeated_offer_gets_the_same_answer() -> None:
    world, _, two = _call()
    (offer,) = [m for sender, m in world.sent if sender == "aaaa" and m.letter == Letter.SIGNAL]
    two.events.clear()
    two.room.receive("aaaa", Letter.SIGNAL, offer.payload, world.now, addressed=True)
    (again,) = two.room.outgoing()
    assert again in [message for sender, message in world.sent if sender == "bbbb"]
    assert two.room.events() == []


def test_dead_media_makes_a_new_call() -> None:
    world, one, two = _call()
    (before,) = one.open_calls
    world.kill_media("aaaa", "bbbb")
    world.run(2)
    assert world.connected()
    assert before not in one.open_calls
    assert one.of(EndCall) == [EndCall("bbbb", before, Reason.LOST)]
    assert two.of(EndCall) == [EndCall("aaaa", before, Reason.LOST)]


def test_dead_media_seen_by_both_makes_one_new_call() -> None:
    world, one, two = _call()
    for name, peer in (("aaaa", "bbbb"), ("bbbb", "aaaa")):
        world.kill_media(name, peer)
    world.run(5)
    assert world.connected()
    assert len(one.open_calls | two.open_calls) == 1


def test_media_that_never_comes_up_is_tried_ever_more_rarely() -> None:
    world = World()
    world.media = False
    one = world.join("aaaa")
    world.join("bbbb")
    world.run(10 * 60)
    assert 15 <= len(one.of(MakeOffer)) <= 10 * 60 / CONNECT_TIMEOUT_S
    assert len(one.open_calls) <= 1
    world.media = True
    world.run(60)
    assert world.connected()


def test_a_call_that_was_stable_is_taken_up_quickly_again() -> None:
    world, _, _ = _call()
    for _ in range(12):
        world.run(STABLE_S)
        world.kill_media("aaaa", "bbbb")
        world.run(2)
        assert world.connected()


def test_a_goodbye_ends_the_call() -> None:
    world, one, two = _call()
    (call_id,) = two.open_calls
    world.leave("aaaa")
    world.run(1)
    assert one.of(EndCall) == [EndCall("bbbb", call_id, Reason.LEFT)]
    assert two.events[-2:] == [EndCall("aaaa", call_id, Reason.LEFT), PeerLeft("aaaa", Reason.LEFT)]
    assert two.room.peers == {}
    assert two.room.get_timer() is None


def test_a_goodbye_alone_ends_a_call_that_is_up() -> None:
    """Of what a node says last, the bye may be lost: nothing comes over a link that only sends."""
    world, _, two = _call()
    two.room.receive("aaaa", Letter.PRESENCE, encode(Hello(1, "aaaa", proof=Proof(99, leaving=True))), world.now)
    assert two.room.peers == {}
    assert [type(event) for event in two.room.events()] == [EndCall, PeerLeft]


def test_a_peer_that_hung_up_may_call_again() -> None:
    _, one, _ = _call()
    (call_id,) = one.open_calls
    one.room.receive("bbbb", Letter.SIGNAL, encode(Bye("aaaa", call_id, Reason.LEFT)), 0)
    assert one.room.state("bbbb") is State.IDLE
    assert one.room.get_timer() is None
    one.room.receive("bbbb", Letter.SIGNAL, encode(Offer("aaaa", 5, pack_description("again"))), 0)
    calls = [event for event in one.room.events() if not isinstance(event, RouteChanged)]
    assert calls == [EndCall("bbbb", call_id, Reason.LEFT), MakeAnswer("bbbb", 5, "again")]


def test_a_last_will_does_not_end_a_call_that_is_up() -> None:
    world, _, two = _call()
    two.room.receive("aaaa", Letter.PRESENCE, b"", world.now)
    two.room.handle_timer(world.now + DOUBT_S)
    assert two.room.state("aaaa") is State.UNSEEN
    greet(two.room, "aaaa", Hello(1, "aaaa"), world.now, number=99)
    assert two.room.state("aaaa") is State.CONNECTED
    assert two.room.events() == [HereBySpeech("aaaa", "aaaa", is_so) for is_so in (True, False)]


def test_a_crash_is_told_by_the_media() -> None:
    world, _, two = _call()
    (call_id,) = two.open_calls
    world.crash("aaaa")
    world.run(DOUBT_S + 1)
    world.kill_media("bbbb", "aaaa")
    ended = [EndCall("aaaa", call_id, Reason.LEFT), PeerLeft("aaaa", Reason.LEFT)]
    assert two.events[-3:] == [*ended, HereBySpeech("aaaa", "aaaa", False)]


def test_a_crash_before_the_call_is_up_is_told_by_the_will() -> None:
    world = World()
    world.join("aaaa")
    two = world.join("bbbb")
    world.run(0.2)
    world.crash("aaaa")
    world.run(DOUBT_S + 1)
    assert two.of(PeerLeft) == [PeerLeft("aaaa", Reason.LEFT)]
    assert two.open_calls == set()


def test_a_restarted_peer_is_a_new_one() -> None:
    world, _, two = _call()
    (call_id,) = two.open_calls
    world.join("aaaa", session=2)
    world.run(3)
    assert world.connected()
    assert two.of(EndCall) == [EndCall("aaaa", call_id, Reason.RESTARTED)]
    assert two.of(PeerLeft) == [PeerLeft("aaaa", Reason.RESTARTED)]
    assert [event.hello.session for event in two.of(PeerJoined)] == [1, 2]


def test_speech_outlives_the_broker() -> None:
    world, one, two = _call()
    events = len(one.events), len(two.events)
    world.restart_broker(away_s=5)
    world.run(60)
    assert world.connected()
    assert (len(one.events), len(two.events)) == events


@pytest.mark.parametrize("later_s", [1.0, 7.9, 8.5, 12.0, ROLL_CALL_S - 2, ROLL_CALL_S - 0.1, ROLL_CALL_S + 1, 60.0])
@pytest.mark.parametrize("keeps", [True, False])
def test_two_that_come_back_to_the_broker_one_after_the_other_keep_or_find_each_other(
    later_s: float, keeps: bool
) -> None:
    """Without speech between them nothing but their hellos shows that they are here. Pauses before attempts vary."""
    world = World(keeps=keeps)
    nodes = [world.join(name, carries=NEW & ~Carries.SPEECH_OUT) for name in ("aaaa", "bbbb")]
    world.run(60)
    for node, away_s in zip(nodes, (0.5, 0.5 + later_s), strict=True):
        node.online = False
        world.later(away_s, partial(world.reconnect, node))
    world.run(120)
    assert [set(node.room.peers) for node in nodes] == [{"bbbb"}, {"aaaa"}]
    if later_s < ROLL_CALL_S - 1:
        assert nodes[0].of(PeerLeft) == []


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_a_newcomer_that_was_asked_in_vain_while_the_broker_was_away_is_asked_again(heard: int) -> None:
    world = World(keeps=False)
    first = world.join("aaaa", carries=NEW & ~Carries.SPEECH_OUT)
    world.run(60)
    newcomer = world.join("bbbb", carries=NEW & ~Carries.SPEECH_OUT)
    world.run((heard + 1.5) * DELAY_S)
    first.online = False
    world.later(15, partial(world.reconnect, first))
    world.run(120)
    assert [set(node.room.peers) for node in (first, newcomer)] == [{"bbbb"}, {"aaaa"}]


def test_who_left_while_the_broker_was_away_is_missed_in_the_end() -> None:
    world = World()
    watcher = world.join("aaaa", carries=Carries.PICTURES_IN)
    world.join("bbbb")
    world.run(1)
    world.restart_broker(away_s=5)
    del world.nodes["bbbb"]
    world.run(5 + ROLL_CALL_S + 1)
    assert watcher.of(PeerLeft) == [PeerLeft("bbbb", Reason.LEFT)]
