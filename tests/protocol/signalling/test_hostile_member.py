"""A member with many identities: nothing that it sends ends the call of two others, or fills up what they remember."""

from __future__ import annotations

import random
from dataclasses import replace
from zlib import crc32

import pytest
from greeting import greet, proven
from mesh import Node, World

from protocol.errors import RemoteError
from protocol.signalling import Carries, EndCall, Hello, MakeAnswer, PeerJoined, Reason, RoomIsFull
from protocol.signalling.full_room import MEDIA_FRESH_S, REFUSALS, REFUSED_AFTER_S, REFUSED_WITHIN_S
from protocol.signalling.liveness import DOUBT_S, HELLO_BURST, HELLO_EVERY_S, MAX_STRANGERS
from protocol.signalling.messages import MAX_ECHOES, Answer, Bye, Message, Offer, Proof, encode
from protocol.signalling.peer_call import OFFER_BURST, OFFER_EVERY_S
from protocol.signalling.room import MAX_PEERS
from protocol.signalling.sdp_compression import pack_description
from protocol.signalling.states import State
from protocol.topics import Letter

ANN, BOB = "annn", "bobb"
SYBILS = [f"syb{letter}" for letter in "abcdefgh"]


def call(carries: Carries = Carries.EVERYTHING) -> tuple[World, Node]:
    """Ann and Bob have talked for a minute."""
    world = World()
    world.join(ANN, carries=carries)
    world.join(BOB, carries=carries)
    world.run(60)
    return world, world.nodes[ANN]


def enter(world: World, node: Node, sybil: str, session: int = 7) -> None:
    """One more identity is taken in by this node. It never connects."""
    greet(node.room, sybil, Hello(session, sybil), world.now)
    world.drain(node)


def say(world: World, node: Node, sender: str, message: Message) -> None:
    node.room.receive(
        sender, Letter.PRESENCE if isinstance(message, Hello) else Letter.SIGNAL, encode(message), world.now
    )
    world.drain(node)


def lose(world: World, node: Node) -> None:
    """The media between the two dies."""
    call = node.room.call(BOB)
    assert call is not None and call.call_id is not None
    node.room.lost(BOB, call.call_id, world.now)
    world.drain(node)


def refuse(world: World, node: Node, sybils: list[str]) -> None:
    for sybil in sybils:
        say(world, node, sybil, Bye(node.name, 0, Reason.FULL))


def test_who_is_in_a_call_is_not_evicted_by_four_who_say_that_the_room_is_full() -> None:
    world, ann = call()
    for sybil in SYBILS[:REFUSALS]:
        enter(world, ann, sybil)
    refuse(world, ann, SYBILS[:REFUSALS])
    world.run(60)
    refuse(world, ann, SYBILS[:REFUSALS])
    assert ann.of(RoomIsFull) == []
    assert ann.room.state(BOB) is State.CONNECTED
    assert BOB not in [event.peer for event in ann.of(EndCall)]


def test_nor_between_two_attempts_of_a_call() -> None:
    world, ann = call()
    for sybil in SYBILS[:REFUSALS]:
        enter(world, ann, sybil)
    refuse(world, ann, SYBILS[:REFUSALS])
    lose(world, ann)
    assert ann.room.state(BOB) is State.PAUSED
    refuse(world, ann, SYBILS[:REFUSALS])
    world.run(3)
    assert ann.room.state(BOB) is State.CONNECTED
    assert ann.of(RoomIsFull) == []


def test_who_finds_no_way_back_into_a_full_room_leaves_it_in_the_end() -> None:
    world, ann = call()
    for sybil in SYBILS[:REFUSALS]:
        enter(world, ann, sybil)
    world.nodes[BOB].online = False
    lose(world, ann)
    refuse(world, ann, SYBILS[:REFUSALS])
    world.run(REFUSED_AFTER_S / 2)
    assert ann.of(RoomIsFull) == []
    world.run(REFUSED_AFTER_S)
    assert len(ann.of(RoomIsFull)) == 1


@pytest.mark.parametrize(("after_s", "evicted"), [(1.0, True), (REFUSED_WITHIN_S + 1, False)])
def test_who_has_no_call_to_be_in_believes_it_at_the_beginning(after_s: float, evicted: bool) -> None:
    world = World()
    ann = world.join(ANN, carries=Carries.PICTURES_OUT)
    world.run(after_s)
    for sybil in SYBILS[:REFUSALS]:
        enter(world, ann, sybil)
    refuse(world, ann, SYBILS[:REFUSALS])
    assert bool(ann.of(RoomIsFull)) is evicted


@pytest.mark.parametrize("heard", [True, False])
def test_who_is_still_heard_gives_no_place_away_when_the_will_comes(heard: bool) -> None:
    """Bob's broker is gone, his speech is not; a ninth wants his place, and gets it only if he has crashed."""
    world, ann = call()
    for sybil in SYBILS[: MAX_PEERS - 1]:
        enter(world, ann, sybil)
    world.nodes[BOB].online = False
    clear_presence(world, ann)
    world.run(DOUBT_S + 1)
    assert ann.room.state(BOB) is State.UNSEEN
    call_to_bob = ann.room.call(BOB)
    assert call_to_bob is not None and call_to_bob.call_id is not None
    ann.room.media_received(BOB, call_to_bob.call_id, world.now if heard else world.now - MEDIA_FRESH_S)
    enter(world, ann, SYBILS[-1])
    assert (ann.room.state(BOB) is State.UNSEEN) is heard


def clear_presence(world: World, node: Node) -> None:
    node.room.receive(BOB, Letter.PRESENCE, b"", world.now)
    world.drain(node)


def test_a_flood_of_offers_makes_few_connections() -> None:
    world, ann = call()
    enter(world, ann, SYBILS[0])
    before = len(ann.of(MakeAnswer))
    for number in range(1000):
        say(world, ann, SYBILS[0], Offer(ANN, 1000 + number, pack_description(f"offer {number}")))
    assert len(ann.of(MakeAnswer)) - before <= OFFER_BURST
    world.now += OFFER_EVERY_S
    say(world, ann, SYBILS[0], Offer(ANN, 5, pack_description("offer")))
    say(world, ann, SYBILS[0], Offer(ANN, 6, pack_description("offer")))
    assert len(ann.of(MakeAnswer)) - before <= OFFER_BURST + 1
    assert ann.room.state(BOB) is State.CONNECTED


def test_a_flood_of_the_same_offer_gets_few_answers() -> None:
    world, ann = call()
    enter(world, ann, SYBILS[0])
    offer = Offer(ANN, 1000, pack_description(f"description of {SYBILS[0]} for {ANN} in 1000"))
    say(world, ann, SYBILS[0], offer)
    world.run(0.5)
    before = len(world.sent)
    for _ in range(1000):
        say(world, ann, SYBILS[0], offer)
    assert len(world.sent) - before < OFFER_BURST


def test_whatever_a_member_sends_the_two_talk_on_and_remember_little() -> None:
    for seed in range(10):
        world, ann = call()
        dice = random.Random(seed)
        said = len(world.sent)
        for _ in range(400):
            world.run(dice.choice([0, 0, 0.01, 0.3]))
            hostile(world, ann, dice)
            assert ann.room.liveness.remembered <= MAX_ECHOES
            assert len(ann.room.waiting) <= MAX_STRANGERS
            assert len(ann.room.peers) <= MAX_PEERS
            assert ann.room.state(BOB) is State.CONNECTED, seed
        letters = [one.letter for sender, one in world.sent[said:] if sender == ANN]
        hellos, signals = letters.count(Letter.PRESENCE), letters.count(Letter.SIGNAL)
        assert hellos <= HELLO_BURST + (world.now - 160) / HELLO_EVERY_S + 1 + signals  # a hello goes before a signal
        assert not any(event.peer == BOB for event in ann.of(EndCall))
        assert [event.peer for event in ann.of(PeerJoined)].count(BOB) == 1
        assert ann.of(RoomIsFull) == []


def hostile(world: World, node: Node, dice: random.Random) -> None:
    """One message of one of many identities, none of which is Ann's or Bob's."""
    sender = "".join(dice.choices("abcdefgh234567", k=4))
    sender = dice.choice([*SYBILS, sender])
    hello = Hello(dice.choice([7, dice.getrandbits(64)]), sender)
    asks = (node.session,)
    message: Message = dice.choice(
        [
            proven(node.room, hello, dice.randrange(9)),
            replace(hello, proof=Proof(dice.randrange(9), dice.getrandbits(64), asks=asks)),
            replace(hello, proof=Proof(dice.randrange(9), leaving=True)),
            Offer(
                node.name,
                crc32(f"{sender}{dice.randrange(3)}".encode()),
                pack_description(f"description of {sender}"),
            ),
            Answer(node.name, max(node.open_calls, default=0), pack_description("any"), bytes(16)),
            *(Bye(node.name, max(node.open_calls, default=0), reason) for reason in Reason),
            Bye(BOB, 0, Reason.LEFT),
        ]
    )
    try:
        say(world, node, sender, message)
    except RemoteError:
        world.drain(node)
