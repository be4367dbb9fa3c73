"""What the call with one peer does when the way to it changes."""

from __future__ import annotations

import random

import pytest
from mesh import World

from protocol.signalling import EndCall, Hello, MakeOffer, Reason
from protocol.signalling.events import Output
from protocol.signalling.messages import Bye, Offer, decode
from protocol.signalling.peer_call import OFFER_RESEND_S, RETRY_S, PeerCall
from protocol.signalling.states import State
from protocol.topics import Letter

A, B = "aaaa", "bbbb"


def pair(node: str = A, peer: str = B) -> tuple[PeerCall, Output]:
    output = Output()
    return PeerCall(node, peer, Hello(1), Hello(2), rng=random.Random(1), output=output), output


@pytest.mark.parametrize("mover", [A, B])
def test_who_moved_calls_again_at_once_whoever_has_the_first_word(mover: str) -> None:
    world = World()
    world.join(A)
    world.join(B)
    world.run(60)
    node, peer = world.nodes[mover], {A: B, B: A}[mover]
    node.room.network_changed((), world.now)
    world.drain(node)
    world.run(0.01)
    assert node.events[-2:] == [
        EndCall(peer, node.of(EndCall)[-1].call_id, Reason.LOST),
        MakeOffer(peer, node.of(MakeOffer)[-1].call_id),
    ]
    world.run(1.0)
    assert world.connected()


def test_a_link_that_still_serves_is_kept() -> None:
    world = World()
    for name in (A, B, "cccc"):
        world.join(name)
    world.run(60)
    calls = {name: set(node.open_calls) for name, node in world.nodes.items()}
    world.nodes[A].room.network_changed({B}, world.now)
    world.drain(world.nodes[A])
    world.run(3)
    assert world.connected()
    assert len(calls[A] & world.nodes[A].open_calls) == 1
    assert len(calls[B] & world.nodes[B].open_calls) == 2


def test_both_may_move_at_once() -> None:
    world = World()
    world.join(A)
    world.join(B)
    world.run(60)
    for name in (A, B):
        world.nodes[name].room.network_changed((), world.now)
        world.drain(world.nodes[name])
    world.run(5)
    assert world.connected()


def test_a_change_ends_a_long_pause() -> None:
    world = World()
    world.media = False
    world.join(A)
    world.join(B)
    world.run(300)
    world.media = True
    for name in (A, B):
        world.nodes[name].room.network_changed((), world.now)
        world.drain(world.nodes[name])
    world.run(3)
    assert world.connected()


def test_what_is_not_answered_is_said_again_when_the_broker_is_back() -> None:
    world = World()
    world.join(A)
    world.join(B)
    world.run(60)
    world.nodes[B].online = False
    world.kill_media(A, B)
    world.run(OFFER_RESEND_S * 2)
    a = world.nodes[A]
    assert a.room.state(B) is State.OFFERED
    world.sent.clear()
    a.room.reconnected(world.now)
    world.drain(a)
    world.run(0)
    letters = [one.letter for sender, one in world.sent if sender == A]
    assert letters == [Letter.PRESENCE, Letter.SIGNAL]
    assert isinstance(decode(world.sent[-1][1].payload), Offer)


def test_after_an_outage_the_first_pause_is_short_again() -> None:
    a, _ = pair()
    a.begin(0)
    for now in range(10, 200, 20):
        assert a.call_id is not None
        a.lost(a.call_id, now)
        assert a.deadline is not None
        a.timeout(a.deadline)
    assert a.call_id is not None
    a.lost(a.call_id, 300)
    assert a.deadline is not None and a.deadline > 300 + RETRY_S[-1] / 2 - 1
    a.resume(301)
    assert a.deadline <= 301 + RETRY_S[0]


def test_a_peer_that_hung_up_is_not_called_because_we_moved() -> None:
    a, output = pair()
    a.begin(0)
    assert a.call_id is not None
    a.described(a.call_id, "offer", 1)
    a.receive_bye(a.call_id, Reason.LEFT, 2)
    output.events.clear()
    output.messages.clear()
    a.start_over(3)
    a.resume(4)
    assert (a.state, a.deadline, output.events, output.messages) == (State.IDLE, None, [], [])


def test_the_peer_is_told_of_the_call_that_moved_away() -> None:
    a, output = pair()
    a.begin(0)
    call_id = a.call_id
    assert call_id is not None
    a.start_over(1)
    assert output.messages == [(Bye(B, call_id, Reason.LOST), 2, False)]
    assert a.deadline == 1
