"""Which way speech takes: two or more nodes in a simulated room, with paths that fail and come back."""

from __future__ import annotations

import random

import pytest
from mesh import Node, World

from protocol.signalling import Carries, EndCall, MakeOffer, PeerJoined, Reason, RoutePolicy, SpeechRoute
from protocol.signalling.messages import Offer, decode
from protocol.signalling.peer_call import CONNECT_TIMEOUT_S, DIRECT_EVERY_S
from protocol.signalling.route import (
    DISPERSED_S,
    EARLY_S,
    GATHERED_S,
    HANDOVER_S,
    LINGER_S,
    PATIENCE_S,
    REST_S,
    is_crowded,
    speech_in_common,
)
from protocol.signalling.states import State
from protocol.topics import Letter

NOW = Carries.EVERYTHING | Carries.BROKER_SPEECH_IN  # what a program of today carries
OLD = Carries.EVERYTHING
A, B, C = "aaaa", "bbbb", "cccc"


def join(world: World, name: str, carries: Carries = NOW, policy: RoutePolicy = RoutePolicy.AUTO) -> Node:
    node = world.join(name, session=ord(name[0]), carries=carries)
    node.room.routes.policy = policy
    return node


def changes(node: Node, peer: str) -> list[tuple[SpeechRoute, bool]]:
    return [(event.route, event.listens) for event in node.routes if event.peer == peer]


def route(node: Node, peer: str) -> SpeechRoute:
    return changes(node, peer)[-1][0] if changes(node, peer) else SpeechRoute.NONE


def offers(world: World) -> int:
    signals = [decode(message.payload) for _, message in world.sent if message.letter == Letter.SIGNAL]
    return sum(isinstance(signal, Offer) for signal in signals)


def pair(media: bool = True, **of: Carries) -> tuple[World, Node, Node]:
    world = World()
    world.media = media
    return world, join(world, A, of.get("a", NOW)), join(world, B, of.get("b", NOW))


def test_speech_in_common_is_sent_by_one_and_taken_by_the_other() -> None:
    assert speech_in_common(Carries.SPEECH_OUT, Carries.SPEECH_IN)
    assert speech_in_common(Carries.SPEECH_IN, Carries.SPEECH_OUT)
    assert not speech_in_common(Carries.SPEECH_IN, Carries.SPEECH_IN)
    assert not speech_in_common(Carries.SPEECH_OUT, Carries.SPEECH_OUT)


def test_two_with_a_path_take_it_and_nothing_else() -> None:
    world, a, b = pair()
    world.run(60)
    assert changes(a, B) == changes(b, A) == [(SpeechRoute.DIRECT, False)]


def test_without_a_path_the_broker_takes_over_after_five_seconds() -> None:
    world, a, b = pair(media=False)
    met = world.now
    world.run(PATIENCE_S - EARLY_S + 0.5)
    assert changes(a, B) == changes(b, A) == [(SpeechRoute.NONE, True)]
    world.run(EARLY_S)
    assert route(a, B) is route(b, A) is SpeechRoute.BROKER
    assert world.now - met < 6


def test_a_link_is_tried_every_minute_and_takes_over_when_it_is_up() -> None:
    world, a, b = pair(media=False)
    world.run(10 * DIRECT_EVERY_S)
    tried = len(a.of(MakeOffer))
    assert 8 <= tried <= 12
    assert len(changes(a, B)) == len(changes(b, A)) == 2
    world.media = True
    world.run(DIRECT_EVERY_S + CONNECT_TIMEOUT_S + 5)
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT
    assert len(a.of(MakeOffer)) <= tried + 2
    world.run(LINGER_S)
    assert changes(a, B)[-2:] == changes(b, A)[-2:] == [(SpeechRoute.DIRECT, True), (SpeechRoute.DIRECT, False)]


def test_speech_leaves_the_broker_when_both_ends_know_that_the_link_is_up() -> None:
    world, a, b = pair(media=False)
    world.run(10)
    world.media = True
    while State.CONNECTED not in (a.room.state(B), b.room.state(A)):
        world.run(0.05)
    world.run(HANDOVER_S - 0.2)
    assert a.room.state(B) is b.room.state(A) is State.CONNECTED
    assert route(a, B) is route(b, A) is SpeechRoute.BROKER
    world.run(0.5)
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT


def test_a_lost_link_sends_speech_to_the_broker_at_once_and_is_made_again() -> None:
    world, a, b = pair()
    world.run(20)
    world.media = False
    world.kill_media(A, B)
    world.run(0.2)
    assert (changes(a, B)[-1], changes(b, A)[-1]) == ((SpeechRoute.BROKER, True), (SpeechRoute.BROKER, True))
    world.media = True
    world.run(DIRECT_EVERY_S + CONNECT_TIMEOUT_S + 5)
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT


@pytest.mark.parametrize(("ours", "theirs"), [(OLD, NOW), (NOW, OLD), (OLD, OLD)])
def test_nothing_goes_by_the_broker_to_who_does_not_know_of_it(ours: Carries, theirs: Carries) -> None:
    world, a, b = pair(media=False, a=ours, b=theirs)
    world.run(200)
    assert changes(a, B) == changes(b, A) == []
    world.media = True
    world.run(40)
    assert changes(a, B) == changes(b, A) == [(SpeechRoute.DIRECT, False)]


def test_who_wants_the_broker_alone_makes_no_link_and_says_so() -> None:
    for first, second in ((A, B), (B, A)):
        world = World()
        picky = join(world, first, policy=RoutePolicy.BROKER)
        other = join(world, second)
        world.run(3)
        assert route(picky, second) is route(other, first) is SpeechRoute.BROKER
        assert not picky.of(MakeOffer)
        world.run(600)
        assert len(other.of(MakeOffer)) == 1
        assert [event.reason for event in other.of(EndCall)] == [Reason.BY_BROKER]


def test_who_wants_the_broker_alone_has_no_speech_with_older_programs() -> None:
    world = World()
    picky, old = join(world, A, policy=RoutePolicy.BROKER), join(world, B, OLD)
    world.run(200)
    assert changes(picky, B) == []
    assert not picky.open_calls
    assert not old.open_calls


def test_three_publish_once_and_make_no_link() -> None:
    world = World()
    a, b, c = (join(world, name) for name in (A, B, C))
    world.run(2)
    for node, peers in ((a, (B, C)), (b, (A, C)), (c, (A, B))):
        assert [changes(node, peer) for peer in peers] == [[(SpeechRoute.BROKER, True)]] * 2
    assert offers(world) == 0
    world.run(300)
    assert offers(world) == 0


def test_eight_who_come_at_once_make_no_offers() -> None:
    world = World()
    nodes = [join(world, letter * 4) for letter in "abcdefgh"]
    world.run(60)
    assert offers(world) == 0
    assert {route(node, peer.name) for node in nodes for peer in nodes if peer is not node} == {SpeechRoute.BROKER}


def test_a_third_moves_two_from_their_link_to_the_broker_and_back_when_it_leaves() -> None:
    world, a, b = pair()
    world.run(20)
    c = join(world, C)
    world.run(1)
    assert route(c, A) is route(c, B) is route(a, C) is route(b, C) is SpeechRoute.BROKER
    assert (changes(a, B)[-1], changes(b, A)[-1]) == ((SpeechRoute.DIRECT, True), (SpeechRoute.DIRECT, True))
    world.run(GATHERED_S)
    assert route(a, B) is route(b, A) is SpeechRoute.BROKER
    assert a.room.state(B) is State.CONNECTED
    world.run(REST_S - GATHERED_S)
    assert a.room.state(B) is b.room.state(A) is State.IDLE
    assert not a.open_calls | b.open_calls | c.open_calls
    world.run(60)
    world.leave(C)
    world.run(DISPERSED_S + 5)
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT
    assert a.room.state(B) is State.CONNECTED


def test_who_looks_in_for_a_moment_costs_no_link() -> None:
    world, a, b = pair()
    world.run(20)
    join(world, C)
    world.run(GATHERED_S - 1)
    world.leave(C)
    world.run(DISPERSED_S + 5)
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT
    assert len(a.of(MakeOffer) + b.of(MakeOffer)) == 1 + 1  # the link had to rest meanwhile


def test_an_old_program_among_three_gets_links_and_the_others_publish() -> None:
    world = World()
    a, b, old = join(world, A), join(world, B), join(world, C, OLD)
    world.run(10)
    assert route(a, C) is route(b, C) is SpeechRoute.DIRECT
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT  # of three listeners only one knows of the broker
    assert changes(old, A) == [(SpeechRoute.DIRECT, False)]


def test_a_peer_that_starts_anew_gets_its_route_anew() -> None:
    world, a, _ = pair(media=False)
    world.run(10)
    assert route(a, B) is SpeechRoute.BROKER
    a.events.clear()
    a.routes.clear()
    del world.nodes[B]
    again = world.join(B, session=77, carries=NOW)
    world.run(1)
    assert any(isinstance(event, PeerJoined) for event in a.events)
    assert changes(a, B) == []
    world.run(PATIENCE_S)
    assert route(a, B) is route(again, A) is SpeechRoute.BROKER


def test_strangers_of_the_past_hold_up_a_call_for_a_second_at_most() -> None:
    world = World()
    join(world, C)
    world.run(1)
    del world.nodes[C]  # its presence stays
    a, b = join(world, A), join(world, B)
    world.run(2)
    assert a.room.state(B) is b.room.state(A) is State.CONNECTED


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_and_goes_two_who_stay_are_heard(seed: int) -> None:
    """Others come, go and crash, paths fail and heal; in the end both agree, and have a route within ten seconds."""
    rng = random.Random(seed)
    world, a, b = pair()
    others = ["cccc", "dddd", "eeee"]
    for _ in range(40):
        match rng.randrange(5):
            case 0:
                world.media = not world.media
            case 1 if a.open_calls and a.room.state(B) is State.CONNECTED:
                world.kill_media(A, B)
            case _:
                name = rng.choice(others)
                if name not in world.nodes:
                    join(world, name, rng.choice((NOW, OLD, NOW)), rng.choice(list(RoutePolicy)))
                elif rng.random() < 0.5:
                    world.leave(name)
                else:
                    world.crash(name)
        world.run(rng.choice((0.1, 1.0, 5.0, 20.0)))
    for name in others:
        if name in world.nodes:
            world.leave(name)
    world.run(DISPERSED_S + PATIENCE_S + 3)
    assert route(a, B) in (SpeechRoute.DIRECT, SpeechRoute.BROKER)
    assert route(b, A) in (SpeechRoute.DIRECT, SpeechRoute.BROKER)
    assert (changes(a, B)[-1][1], route(b, A)) != (False, SpeechRoute.BROKER)
    assert (changes(b, A)[-1][1], route(a, B)) != (False, SpeechRoute.BROKER)
    world.media = True
    world.run(DIRECT_EVERY_S + CONNECT_TIMEOUT_S + 10)
    assert route(a, B) is route(b, A) is SpeechRoute.DIRECT


def test_a_crowd_is_where_nobody_needs_a_link() -> None:
    listener, talker = Carries.SPEECH_IN | Carries.BROKER_SPEECH_IN, Carries.SPEECH_OUT | Carries.BROKER_SPEECH_IN
    assert not is_crowded(NOW, {A: NOW}, A)
    assert is_crowded(NOW, {A: NOW, B: NOW}, A)
    assert is_crowded(talker, {A: listener, B: listener}, A)
    assert not is_crowded(talker, {A: listener, B: talker}, A)
    assert is_crowded(listener, {A: talker, B: listener}, A)
    assert not is_crowded(NOW, {A: NOW, B: listener & ~Carries.SPEECH_IN}, A)
