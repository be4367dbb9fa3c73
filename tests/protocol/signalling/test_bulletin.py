"""Rooms joined in memory: pictures asked for, members without a broker, signals to whom they are for."""

from __future__ import annotations

import pytest
from mesh import NEW, OLD, Node, World

from protocol.signalling import Carries, Hello, HereBySpeech, PeerJoined, PeerLeft, PictureWanted
from protocol.signalling.liveness import ASK_AGAIN_S, DOUBT_S
from protocol.signalling.messages import decode
from protocol.signalling.peer_call import OPEN_FROM_TRY
from protocol.signalling.picture_requests import ASK_AFTER_S
from protocol.topics import Letter

EIGHT = [f"aaa{letter}" for letter in "abcdefgh"]


def _signals(world: World) -> list[tuple[str, str, bool]]:
    """Return sender and target of all signals, and whether the target alone read them."""
    return [
        (sender, message.to[0], message.addressed)
        for sender, message in world.sent
        if message.letter is Letter.SIGNAL and message.to is not None
    ]


# -- a broker that keeps nothing


def test_who_comes_is_met_though_no_hello_is_kept() -> None:
    world = World(keeps=False)
    for name in EIGHT:
        world.join(name)
        world.run(1)
    world.run(5)
    assert world.connected()


def test_two_whose_first_hellos_crossed_and_were_kept_by_nobody_meet() -> None:
    """Each is subscribed at its node of a cluster a moment after the other's hello went by there."""
    world = World(keeps=False)
    one, two = world.join("aaaa"), world.join("bbbb")
    world.forget_all()
    assert not one.of(PeerJoined) and not two.of(PeerJoined)
    world.run(4)
    assert world.connected()


# -- pictures


def _wanted(node: Node) -> list[str]:
    return [event.peer for event in node.of(PictureWanted)]


def test_a_picture_that_is_not_served_is_asked_for_and_given_again() -> None:
    world = World(keeps=False)
    sender = world.join("aaaa")
    world.showing.add("aaaa")
    newcomer = world.join("bbbb")
    world.run(ASK_AFTER_S - 0.2)
    assert _wanted(sender) == []
    world.run(1)
    assert _wanted(sender) == ["bbbb"]
    newcomer.room.picture_received("aaaa")
    world.run(60)
    assert _wanted(sender) == ["bbbb"]


def test_of_a_session_that_was_replaced_no_picture_is_asked_for() -> None:
    world = World(keeps=False)
    world.join("aaaa")
    world.showing.add("aaaa")
    newcomer = world.join("bbbb")
    world.run(ASK_AFTER_S - 1)
    world.showing.clear()
    world.join("aaaa", session=2)
    world.run(0.5)
    assert [event.hello.session for event in newcomer.of(PeerJoined)] == [1, 2]
    world.sent.clear()
    world.run(60)
    hellos = [decode(message.payload) for sender, message in world.sent if sender == "bbbb" and message.retain]
    assert [hello.news.lacks for hello in hellos if isinstance(hello, Hello) and hello.news.lacks] == []


def test_a_picture_that_came_or_that_nobody_sent_is_not_asked_for() -> None:
    world = World()
    sender, other = world.join("aaaa"), world.join("cccc")
    world.run(1)
    world.showing.add("aaaa")
    newcomer = world.join("bbbb")
    world.run(1)
    newcomer.room.picture_received("aaaa")
    world.run(60)
    assert _wanted(sender) == _wanted(other) == []


def test_who_takes_no_pictures_asks_for_none() -> None:
    world = World()
    sender = world.join("aaaa")
    world.showing.add("aaaa")
    world.join("bbbb", carries=Carries.SPEECH_IN)
    world.run(60)
    assert _wanted(sender) == []


def test_an_asked_for_picture_goes_out_once_for_all_who_came_together() -> None:
    world = World(keeps=False)
    sender = world.join("aaaa")
    world.showing.add("aaaa")
    for name in EIGHT[1:5]:
        world.join(name)
    world.run(ASK_AFTER_S + 1)
    assert len(_wanted(sender)) == 1


# -- members without a broker


def _here_by_speech(node: Node) -> list[HereBySpeech]:
    return node.of(HereBySpeech)


def _lose_broker(world: World, name: str) -> None:
    """The broker ends the node's connection: its will goes out, and it gets nothing, but its media lives on."""
    node = world.nodes[name]
    node.online = False
    world.clear_presence(name)
    world.run(DOUBT_S + 1)


def test_a_newcomer_learns_of_a_member_that_has_no_broker() -> None:
    world = World()
    one, lost = world.join("aaaa"), world.join("bbbb")
    world.run(5)
    _lose_broker(world, "bbbb")
    assert _here_by_speech(one) == [HereBySpeech("bbbb", "bbbb", True)]
    newcomer = world.join("cccc")
    world.run(2)
    assert _here_by_speech(newcomer) == [HereBySpeech("bbbb", "bbbb", True)]
    assert [event.peer for event in newcomer.of(PeerJoined)] == ["aaaa"]

    world.reconnect(lost)
    world.run(3)
    assert _here_by_speech(newcomer)[1:] == _here_by_speech(one)[1:] == [HereBySpeech("bbbb", "bbbb", False)]
    assert [event.peer for event in newcomer.of(PeerJoined)] == ["aaaa", "bbbb"]
    assert world.connected()


def test_a_newcomer_learns_that_a_member_without_a_broker_is_gone() -> None:
    world = World()
    one, _ = world.join("aaaa"), world.join("bbbb")
    world.run(5)
    _lose_broker(world, "bbbb")
    newcomer = world.join("cccc")
    world.run(2)
    world.kill_media_of("aaaa", "bbbb")
    world.run(3)
    assert [event.peer for event in one.of(PeerLeft)] == ["bbbb"]
    assert _here_by_speech(newcomer) == [HereBySpeech("bbbb", "bbbb", is_so) for is_so in (True, False)]


def test_when_who_vouched_leaves_nobody_is_vouched_for() -> None:
    world = World()
    world.join("aaaa"), world.join("bbbb")
    world.run(5)
    _lose_broker(world, "bbbb")
    newcomer = world.join("cccc")
    world.run(2)
    world.leave("aaaa")
    world.run(2)
    assert _here_by_speech(newcomer)[-1] == HereBySpeech("bbbb", "bbbb", False)


# -- signals to whom they are for


@pytest.mark.parametrize("first", [OLD, NEW])
def test_an_old_node_and_a_new_one_meet(first: Carries) -> None:
    second = NEW if first is OLD else OLD
    world = World()
    world.join("aaaa", carries=first), world.join("bbbb", carries=second)
    world.run(2)
    assert world.connected()
    assert {addressed for _, _, addressed in _signals(world)} == {False}


def test_among_new_nodes_each_gets_its_own_signals_alone() -> None:
    world = World()
    for name in EIGHT:
        world.join(name, carries=NEW)
        world.run(0.1)
    world.run(3)
    assert world.connected()
    assert {addressed for _, _, addressed in _signals(world)} == {True}


def test_in_a_mixed_room_only_what_is_for_old_nodes_goes_to_everybody() -> None:
    world = World()
    for name in EIGHT:
        world.join(name, carries=OLD if name in EIGHT[:3] else NEW)
        world.run(0.1)
    world.run(3)
    assert world.connected()
    new = set(EIGHT[3:])
    assert all(addressed == ({sender, target} <= new) for sender, target, addressed in _signals(world))


def test_behind_an_access_list_of_before_a_call_comes_up_all_the_same() -> None:
    world = World()
    world.takes_addressed = False
    world.join("aaaa", carries=NEW), world.join("bbbb", carries=NEW)
    world.run(10 + ASK_AGAIN_S)
    assert world.connected()
    offers = [addressed for sender, _, addressed in _signals(world) if sender == "aaaa"]
    assert offers == [True] * OPEN_FROM_TRY + [False]
    assert _signals(world)[-1] == ("bbbb", "aaaa", False)


# What real messages have beyond those of this test: codecs and codebooks in a hello, the description of a call; then
# the topic, the seal, and MQTT, TCP and IP.
HELLO_BYTES, DESCRIPTION_BYTES, TOPIC_BYTES, SEAL_BYTES, PACKET_BYTES = 22, 330, 20, 28, 5 + 52


def _set_up_bytes(carries: Carries, apart_s: float) -> int:
    """Return what the node that receives most receives by the broker until all of eight talk to each other."""
    world = World()
    for name in EIGHT:
        world.join(name, carries=carries)
        world.run(apart_s)
    world.run(12)
    assert world.connected()
    more = {Letter.PRESENCE: HELLO_BYTES, Letter.SIGNAL: DESCRIPTION_BYTES - 40}
    most = 0
    for name in EIGHT:
        own = [message for _, message in world.sent if not message.addressed or message.to[0] == name]  # type: ignore[index]
        payloads = sum(len(message.payload) + more[message.letter] for message in own)
        most = max(most, payloads + len(own) * (TOPIC_BYTES + SEAL_BYTES + PACKET_BYTES))
    return most


@pytest.mark.parametrize("apart_s", [0, 0.3, 1])
def test_set_up_in_a_room_of_eight_costs_less_than_a_quarter(apart_s: float) -> None:
    """Everybody's offers no longer go to everybody, nor do the answers to each newcomer's hello."""
    new, old = _set_up_bytes(NEW, apart_s), _set_up_bytes(OLD, apart_s)
    print(f"{apart_s} s apart: {new} bytes received by the broker, {old} by nodes of before")
    assert new < 7_000
    assert new < 0.25 * old
