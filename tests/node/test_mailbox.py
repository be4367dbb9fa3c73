"""What goes to the broker passes one place, and so does what comes."""

from __future__ import annotations

from typing import Any

import pytest

from node.links.address import BrokerAddress
from node.links.mqtt import Message
from node.links.wire import WireMeter
from node.mailbox import MAX_REMEMBERED, Mailbox
from protocol import topics
from protocol.errors import FrameError, RemoteError, SealError, VersionError
from protocol.sealing import Unsealed
from protocol.topics import Letter, Topic

ROOM = topics.room_id(b"room")


class Backwards:
    """Seals by turning the payload round and adding its topic."""

    def seal(self, topic: str, payload: bytes) -> bytes:
        return payload[::-1] + topic.encode()

    def open(self, topic: str, sealed: bytes) -> bytes:
        if not sealed.endswith(topic.encode()):
            raise SealError("not sealed for this topic")
        return sealed.removesuffix(topic.encode())[::-1]


class Office:
    """A mailbox without a broker, and what it did."""

    def __init__(self, **changes: Any) -> None:
        self.delivered: list[tuple[Topic, bytes]] = []
        self.notes: list[str] = []
        self.error: RemoteError | None = None
        options = {
            "deliver": self._deliver,
            "envelope": Unsealed(),
            "meter": WireMeter(),
            "on_up": lambda: None,
            "on_down": lambda reason: None,
            "note": self.notes.append,
        }
        self.mailbox = Mailbox("room", "aaaa", BrokerAddress("h"), **{**options, **changes})
        self.sent: list[Message] = []
        self.mailbox.link.publish = self.sent.append  # type: ignore[method-assign]

    def _deliver(self, topic: Topic, payload: bytes) -> None:
        self.delivered.append((topic, payload))
        if self.error is not None:
            raise self.error


@pytest.fixture
async def office() -> Office:
    return Office()


async def test_a_payload_is_posted_on_our_own_topic_and_its_cost_returned(office: Office) -> None:
    cost = office.mailbox.post(Letter.PICTURE, b"frame", retain=True)
    assert office.sent == [Message(f"{ROOM}/aaaa/p", b"frame", retain=True)]
    assert cost == office.sent[0].size + 2 * 52


async def test_everything_that_leaves_is_sealed_and_what_comes_is_opened() -> None:
    office = Office(envelope=Backwards())
    office.mailbox.post(Letter.SIGNAL, b"abc", retain=False)
    assert office.sent[-1].payload == b"cba" + f"{ROOM}/aaaa/s".encode()
    office.mailbox._take(f"{ROOM}/bbbb/s", b"cba" + f"{ROOM}/bbbb/s".encode())
    assert office.delivered == [(Topic(ROOM, "bbbb", Letter.SIGNAL), b"abc")]
    office.mailbox._take(f"{ROOM}/bbbb/s", b"cba" + f"{ROOM}/cccc/s".encode())
    assert (len(office.delivered), office.mailbox.bad) == (1, 1)


async def test_an_empty_payload_clears_and_is_neither_sealed_nor_opened() -> None:
    office = Office(envelope=Backwards())
    office.mailbox.post(Letter.PRESENCE, b"", retain=True)
    assert office.sent == [Message(f"{ROOM}/aaaa/h", b"", retain=True)]
    office.mailbox._take(f"{ROOM}/bbbb/h", b"")
    assert office.delivered == [(Topic(ROOM, "bbbb", Letter.PRESENCE), b"")]


async def test_the_last_will_clears_our_hello(office: Office) -> None:
    assert office.mailbox.link._will == Message(f"{ROOM}/aaaa/h", b"", retain=True)


async def test_our_own_echo_and_other_rooms_are_nobodys_fault(office: Office) -> None:
    office.mailbox._take(f"{ROOM}/aaaa/s", b"x")
    office.mailbox._take(f"{topics.room_id(b'other')}/bbbb/s", b"x")
    assert (office.delivered, office.mailbox.bad) == ([], 0)


@pytest.mark.parametrize("name", ["", "x", f"{ROOM}/bbbb/z", f"{ROOM}/b/s", f"{ROOM}/bbbb/s/s", "ROOM/bbbb/s"])
async def test_a_foreign_topic_is_counted(office: Office, name: str) -> None:
    office.mailbox._take(name, b"x")
    assert (office.delivered, office.mailbox.bad) == ([], 1)


async def test_bad_mail_is_counted_and_forgotten(office: Office) -> None:
    office.error = FrameError("not a frame")
    for _ in range(3):
        office.mailbox._take(f"{ROOM}/bbbb/p", b"x")
    assert office.mailbox.bad == 3
    assert office.notes == []


async def test_a_newer_version_is_told_once_for_each_topic(office: Office) -> None:
    office.error = VersionError(3)
    for name in (f"{ROOM}/bbbb/p", f"{ROOM}/bbbb/p", f"{ROOM}/cccc/p"):
        office.mailbox._take(name, b"x")
    assert office.mailbox.bad == 3
    assert office.notes == [str(VersionError(3))] * 2


async def test_a_flood_of_forged_names_is_not_remembered_without_end(office: Office) -> None:
    office.error = VersionError(3)
    for number in range(1, 2 * MAX_REMEMBERED + 1):  # 0 would be our own name
        office.mailbox._take(f"{ROOM}/{topics.node_id((number << 4).to_bytes(3))}/p", b"x")
    assert office.mailbox.bad == 2 * MAX_REMEMBERED
    assert len(office.notes) == MAX_REMEMBERED
    assert len(office.mailbox._refused) <= MAX_REMEMBERED


async def test_it_listens_to_who_is_here_and_to_the_pictures_it_follows(office: Office) -> None:
    await office.mailbox.enter()
    await office.mailbox.follow("bbbb", Letter.PICTURE)
    assert office.mailbox.link._subscriptions == [f"{ROOM}/+/h", f"{ROOM}/+/s", f"{ROOM}/bbbb/p"]
    await office.mailbox.unfollow("bbbb", Letter.PICTURE)
    assert office.mailbox.link._subscriptions == [f"{ROOM}/+/h", f"{ROOM}/+/s"]
