"""A member of a room: who is present, what its parts hear of, and the goodbye."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import pytest
from greeting import proven
from happenings import Happenings
from scripted_broker import CLOSES, GOOD, scripted

from live_call import CODECS, place, running, secret
from node.call.membership import RoomMembership
from node.links.address import BrokerAddress
from node.links.mqtt import Message
from node.links.network_watch import NetworkChange
from node.links.peer_events import PeerEvents, PresenceNotes
from protocol import frames
from protocol.captions import CodebookId
from protocol.errors import CaptionError, NodeError
from protocol.sealing import Opener, Sealer
from protocol.signalling import Carries, Hello, RoutePolicy
from protocol.signalling.messages import encode
from protocol.topics import Letter, Topic

SECRET = secret("a test")
ROOM = SECRET.room_id()
FRAME = frames.encode(frames.Picture(1, 0, 0, b"a cat", 1))


class Part(PeerEvents):
    """A part of a node: keeps what it hears of."""

    def __init__(self) -> None:
        self.happened = Happenings()

    def joined(self, peer: str, hello: Hello) -> None:
        self.happened.add(("joined", hello.name))

    def left(self, peer: str) -> None:
        self.happened.add(("left",))

    def link_opened(self, peer: str) -> None:
        self.happened.add(("opened",))

    def link_up(self, peer: str) -> None:
        self.happened.add(("up",))

    def link_ended(self, peer: str) -> None:
        self.happened.add(("ended",))

    def route_changed(self, peer: str, route: str) -> None:
        if route == "broker":
            self.happened.add(("route", route))

    def picture_received(self, peer: str, frame: bytes, codebooks: Collection[CodebookId]) -> None:
        self.happened.add(("picture", frame, tuple(codebooks)))

    def broker_returned(self) -> None:
        self.happened.add(("broker",))


class Member:
    """A membership with a part, and its notes; as a participant, it has nothing to do."""

    def __init__(
        self,
        name: str,
        broker: BrokerAddress,
        carries: Carries = Carries.EVERYTHING,
        route: RoutePolicy = RoutePolicy.AUTO,
    ) -> None:
        self.name, self.part, self.notes = name, Part(), Happenings()
        self.room = RoomMembership(name, place(broker, route=route), carries, CODECS, note=self.notes.add)
        self.room.subscribe(self.part, PresenceNotes(self.notes.add))

    async def run(self) -> None:
        await self.room.run({})

    def happened(self, what: str) -> Callable[[], bool]:
        return lambda: any(event[0] == what for event in self.part.happened.all)


def hear_hello(member: Member, hello: Hello) -> Sealer:
    """Have a peer of the id `eeee` join the member's room, and return what it seals with."""
    eve = Sealer(SECRET, "eeee", hello.session)
    greeting = encode(proven(member.room.peers.room, hello))
    member.room.channel.receive(f"{ROOM}/eeee/h", eve.hello(greeting))
    return eve


async def test_members_are_notified_of_each_other_in_order(embedded_broker: BrokerAddress) -> None:
    ann, bob = (Member(name, embedded_broker, route=RoutePolicy.DIRECT) for name in ("ann", "bob"))
    async with running(ann) as nodes:
        async with running(bob):
            await nodes.until(lambda: ann.room.link_state(bob.room.node_id) == "up")
            assert ann.room.names() == ["bob"]
            assert ann.room.broker_is_up
            assert (ann.room.setup_ms or 0) > 0
            bob.room.post_picture(FRAME, retain=True)
            await nodes.until(ann.happened("picture"))
        await nodes.until(ann.happened("left"))
        assert ann.room.names() == []
    assert ann.part.happened.all == [
        ("joined", "bob"),
        ("opened",),
        ("up",),
        ("picture", FRAME, CODECS.codebooks()),
        ("ended",),
        ("left",),
    ]
    assert [note for note in ann.notes.all if "bob" in note] == ["bob is here", "bob has left"]
    assert ann.room.left_at is not None
    assert ann.room.links_again == ann.room.rejected == 0


async def test_two_of_one_name_are_told_apart_for_all_parts(embedded_broker: BrokerAddress) -> None:
    ann, other = Member("ann", embedded_broker), Member("ann", embedded_broker)
    async with running(ann) as nodes, running(other):
        await nodes.until(lambda: ann.room.link_state(other.room.node_id) == "up")
        await nodes.until(lambda: bool(other.room.hellos))
        for one in (ann, other):
            assert one.room.names() == ["ann 2"]
            assert ("joined", "ann 2") in one.part.happened.all
            assert {"ann 2 has the same name as you: --name gives you another one", "ann 2 is here"} <= set(
                one.notes.all
            )


async def test_the_broker_that_returns_is_counted_and_noted(start_mosquitto: Callable[..., Any]) -> None:
    server = start_mosquitto()
    ann = Member("ann", server.address)
    async with running(ann) as nodes:
        await nodes.until(lambda: ann.room.broker_is_up)
        server.stop()
        await nodes.until(lambda: not ann.room.broker_is_up)
        server.start()
        await nodes.until(ann.happened("broker"))
    assert ann.room.broker_returns == 1
    assert ann.notes.all[-1] == "the broker is back"
    assert "pictures and text wait for it, speech goes on" in ann.notes.all[0]


async def test_a_broker_that_lets_in_and_hangs_up_is_one_line_however_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.links.mqtt.FIRST_RETRY_S", 0.001)
    async with scripted(GOOD) as broker:
        ann = Member("ann", broker.address)
        async with running(ann) as nodes:
            for returns in range(6):
                await nodes.until(lambda returns=returns: ann.room.broker_is_up and ann.room.broker_returns == returns)
                broker.close_all()
    lines = [note.partition(" (")[0] for note in ann.notes.all if "does not hand on" not in note]  # it echoes nothing
    assert lines == ["the broker is gone", "the broker is back"] * 2 + ["the broker ends each connection soon"]


async def test_call_set_up_does_not_wait_for_a_broker_that_is_away() -> None:
    """It is made anew at the broker's return; old attempts would hold up the hello on a slow link, for ever longer."""
    async with scripted(GOOD) as broker:
        ann = Member("ann", broker.address)
        async with running(ann) as nodes:
            await nodes.until(lambda: ann.room.broker_is_up)
            hear_hello(ann, Hello(9, "eve"))
            await nodes.until(ann.happened("opened"))
            broker.behaves(CLOSES)
            broker.close_all()
            await nodes.until(lambda: not ann.room.broker_is_up)
            waiting = ann.room.channel.link.waiting
            for number in range(3):
                ann.room.peers.network_changed(NetworkChange(frozenset({f"192.0.2.{number}"}), frozenset()))
                await nodes.until(lambda count=number + 1: ann.part.happened.all.count(("ended",)) == count)
                await nodes.until(lambda count=number + 2: ann.part.happened.all.count(("opened",)) == count)
            assert ann.room.channel.link.waiting == waiting
            broker.behaves(GOOD)
            await nodes.until(ann.happened("broker"))
            await nodes.until(lambda: ann.room.channel.link.waiting == 0)


async def test_pictures_are_for_those_who_take_them_from_those_who_said_hello(embedded_broker: BrokerAddress) -> None:
    taking, speaking = Member("ann", embedded_broker), Member("bob", embedded_broker, Carries.SPEECH_OUT)
    async with running(taking, speaking) as nodes:
        await nodes.until(lambda: taking.room.broker_is_up and speaking.room.broker_is_up)
        for member in (taking, speaking):
            eve = hear_hello(member, Hello(9, "eve", Carries.PICTURES_OUT))
            member.room.channel.receive(f"{ROOM}/eeee/p", eve.frame(Letter.PICTURE, FRAME, retained=False))
            member.room.channel.admit("ffff", 8, (0, 0, 0))
            stranger = Sealer(SECRET, "ffff", 8).frame(Letter.PICTURE, FRAME, retained=False)
            member.room.channel.receive(f"{ROOM}/ffff/p", stranger)
        assert [event for event in taking.part.happened.all if event[0] == "picture"] == [("picture", FRAME, ())]
        assert not speaking.happened("picture")()
        taking.room.reject_picture("eeee", CaptionError("damaged"))
        assert (taking.room.rejected, speaking.room.rejected) == (1, 0)


async def test_all_that_is_posted_is_sealed_in_the_members_session(embedded_broker: BrokerAddress) -> None:
    ann, sent = Member("ann", embedded_broker, Carries.PICTURES_OUT), list[Message]()
    ann.room.channel.link.publish = sent.append  # type: ignore[method-assign]
    async with running(ann) as nodes:
        await nodes.until(lambda: len(sent) > 0)
        ann.room.post_picture(FRAME, retain=True)
    opener = Opener(SECRET, "bbbb", 1)
    opener.admit(ann.room.node_id, ann.room.session, (0, 0, 0))
    hello, picture, *goodbyes = sent
    assert opener.hello(Topic.parse(hello.topic), hello.payload).session == ann.room.session
    assert opener.frame(Topic.parse(picture.topic), picture.payload) == FRAME
    cleared = [Topic.parse(message.topic).letter for message in goodbyes if message.retain and not message.payload]
    assert cleared == [Letter.PRESENCE, Letter.PICTURE]


@pytest.mark.parametrize(
    ("carries", "all_take_lyra"),
    [
        ([], False),
        ([Carries.SPEECH_IN | Carries.LYRA_IN], True),
        ([Carries.SPEECH_IN | Carries.LYRA_IN, Carries.PICTURES_IN], True),
        ([Carries.SPEECH_IN | Carries.LYRA_IN, Carries.SPEECH_IN], False),
        ([Carries.LYRA_IN], False),
    ],
)
async def test_lyra_is_for_a_room_in_which_all_listeners_take_it(carries: list[Carries], all_take_lyra: bool) -> None:
    ann = Member("ann", BrokerAddress("h"))
    for number, what in enumerate(carries):
        ann.room.joined(str(number), Hello(number, "", what))
    assert ann.room.all_listeners_take_lyra() == all_take_lyra


def test_the_high_band_is_for_listeners_that_fill_it() -> None:
    ann = Member("ann", BrokerAddress("h"))
    for number, what in enumerate((Carries.EVERYTHING, Carries.HIGH_BAND_IN, Carries.LYRA_IN | Carries.SPEECH_IN)):
        ann.room.joined(str(number), Hello(number, "", what))
        assert not ann.room.a_listener_takes_high_band()
    ann.room.joined("9", Hello(9, "", Carries.SPEECH_IN | Carries.HIGH_BAND_IN))
    assert ann.room.a_listener_takes_high_band()


async def test_work_that_fails_ends_the_membership_with_its_error(mosquitto: BrokerAddress) -> None:
    async def fail() -> None:
        raise NodeError("the sound card is gone")

    before = asyncio.all_tasks()
    with pytest.raises(NodeError, match="the sound card is gone"):
        await RoomMembership("ann", place(mosquitto), Carries.NOTHING, CODECS, note=print).run({"sound": fail})
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("policy", "known"), [(RoutePolicy.AUTO, True), (RoutePolicy.BROKER, True), (RoutePolicy.DIRECT, False)]
)
async def test_a_member_says_whether_it_knows_speech_through_the_broker(policy: RoutePolicy, known: bool) -> None:
    room = RoomMembership("ann", place(BrokerAddress("h"), route=policy), Carries.EVERYTHING, CODECS, note=print)
    assert (Carries.BROKER_SPEECH_IN in room.carries) == known
    assert room.peers.room.routes.policy is policy


async def test_speech_through_the_broker_is_announced_counted_as_set_up_and_waits_with_it(
    start_mosquitto: Callable[..., Any],
) -> None:
    server = start_mosquitto()
    ann, bob = (Member(name, server.address, route=RoutePolicy.BROKER) for name in ("ann", "bob"))
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: bool(ann.room.hellos and bob.room.hellos))
        peer = bob.room.node_id
        assert (ann.room.route(peer), ann.room.routes(), ann.room.link_state(peer)) == (
            "broker",
            {"bob": "broker"},
            "up",
        )
        assert ann.happened("route")()
        assert ann.room.setup_ms is not None
        await nodes.until(lambda: ann.room.speech.round_trip_seconds(peer) > 0)
        server.stop()
        await nodes.until(lambda: not ann.room.broker_is_up)
        assert (ann.room.routes(), ann.room.link_state(peer)) == ({"bob": "none"}, "again")
    assert any("pictures and text wait for it, and so does the speech with bob" in note for note in ann.notes.all)
