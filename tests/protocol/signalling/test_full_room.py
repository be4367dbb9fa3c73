"""More than a room has places for: who is in stays, who finds no place is told, and a place that is free is given."""

from __future__ import annotations

import random

import pytest
from mesh import World

from protocol.signalling import EndCall, PeerJoined
from protocol.signalling.full_room import MAX_PEERS, REFUSALS
from protocol.signalling.liveness import DOUBT_S

NAMES = [f"aaa{letter}" for letter in "bcdefghijklm"]
FULL = MAX_PEERS + 1
SETTLES_S = 3.0  # everyone talks to everyone by then


def full(apart_s: float = 0.1, **options: float) -> World:
    """A room whose places are all taken, with everyone in a call with everyone."""
    world = World(**options)  # type: ignore[arg-type]
    for name in NAMES[:FULL]:
        world.join(name)
        world.run(apart_s)
    world.run(SETTLES_S)
    assert world.connected()
    return world


@pytest.mark.parametrize("ninth", ["aaaa", "aaez", "zzzz"])
@pytest.mark.parametrize("after_s", [0, 60])
def test_the_ninth_is_turned_away_and_nobody_else_notices(ninth: str, after_s: float) -> None:
    world = full()
    world.run(after_s)
    calls = {name: set(node.open_calls) for name, node in world.nodes.items()}
    world.join(ninth)
    world.run(SETTLES_S)
    assert world.turned_away == [ninth]
    assert {name: node.open_calls for name, node in world.nodes.items()} == calls
    assert all(ninth not in node.room.peers for node in world.nodes.values())
    world.run(60)
    assert world.connected()
    assert not any(node.of(EndCall) for node in world.nodes.values())


def test_a_place_that_is_left_is_for_the_next() -> None:
    world = full()
    world.leave(NAMES[0])
    world.run(1)
    world.join("zzzz")
    world.run(SETTLES_S)
    assert world.turned_away == []
    assert world.connected()


def test_who_crashed_may_come_back_at_once() -> None:
    """His new node waits until his old one has not answered; nobody tells him that the room is full."""
    world = full()
    world.crash(NAMES[0])
    world.run(0.5)
    world.join("zzzz")
    world.run(DOUBT_S + SETTLES_S)
    assert world.turned_away == []
    assert world.connected()
    assert all(NAMES[0] not in node.room.peers for node in world.nodes.values())


def test_who_is_only_said_to_have_crashed_keeps_his_place() -> None:
    """Anybody can clear a presence. Who is here says so, and the one in line is turned away after all."""
    world = full()
    for node in world.nodes.values():
        if node.name != NAMES[0]:
            node.room.receive(NAMES[0], "h", b"", world.now)
            world.drain(node)
    world.join("zzzz")
    world.run(DOUBT_S + SETTLES_S)
    assert world.turned_away == ["zzzz"]
    assert world.connected()


def test_of_those_who_come_at_once_a_room_is_filled() -> None:
    """In whatever order their hellos come: eight have a place in the end, and all of them have each other."""
    for seed in range(20):
        world, dice = World(seed), random.Random(seed)
        for name in dice.sample(NAMES, FULL + 1 + seed % 3):
            world.join(name)
            world.run(dice.choice([0, 0.01, 0.2]))
        world.run(60)
        assert len(world.nodes) == FULL, seed
        assert world.connected(), seed


def test_one_of_two_who_come_for_the_last_place_gets_it() -> None:
    for seed in range(10):
        world = World(seed)
        for name in NAMES[: FULL - 1]:
            world.join(name)
        world.run(SETTLES_S)
        inside = set(world.nodes)
        world.join("aaaa")
        world.run(seed / 100)
        world.join("zzzz")
        world.run(SETTLES_S)
        assert len(world.turned_away) == 1
        assert inside < set(world.nodes)
        assert world.connected()


def test_a_ninth_who_was_turned_away_may_try_again() -> None:
    world = full()
    for attempt in range(5):
        world.join("zzzz", session=attempt + 1)
        world.run(SETTLES_S)
    assert world.turned_away == ["zzzz"] * 5
    world.leave(NAMES[3])
    world.run(1)
    world.join("zzzz", session=6)
    world.run(SETTLES_S)
    assert world.connected()
    joined = [event.peer for event in world.nodes[NAMES[0]].of(PeerJoined)]
    assert joined.count("zzzz") == 1


def test_most_are_more_than_half() -> None:
    assert REFUSALS * 2 > MAX_PEERS
