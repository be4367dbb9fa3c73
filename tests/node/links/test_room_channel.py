"""What goes to the broker passes one place, and so does what comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from happenings import Happenings
from scripted_broker import REFUSED, Behaviour, scripted

from node.links import echo_check
from node.links import room_channel as module
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.links.room_channel import MAX_REMEMBERED, RoomChannel
from node.links.wire_meter import WireMeter
from protocol import topics
from protocol.errors import CaptionError, FrameError, NodeError, VersionError
from protocol.room_secret import RoomSecret
from protocol.sealing import Opener, Sealer
from protocol.topics import Letter, Topic

SECRET = RoomSecret(b"the room's keys!")
ROOM = SECRET.room_id()
OURS, THEIRS = 1, 2  # sessions


class NotedLink(MqttLink):
    """A link without a broker: keeps its will, what is published, and what is subscribed to."""

    def __init__(self, *arguments: Any, will: Message | None = None, **more: Any) -> None:
        super().__init__(*arguments, will=will, **more)
        self.will, self.published, self.subscriptions = will, list[Message](), list[str]()

    def publish(self, message: Message) -> None:
        self.published.append(message)

    async def subscribe(self, pattern: str) -> None:
        self.subscriptions.append(pattern)

    async def unsubscribe(self, pattern: str) -> None:
        self.subscriptions.remove(pattern)


class Office:
    """A mailbox without a broker, and what it did."""

    def __init__(self, session: int = OURS, **changes: Any) -> None:
        self.delivered: list[tuple[Topic, bytes]] = []
        self.notes: list[str] = []
        self.error: Exception | None = None
        options = {
            "deliver": self._deliver,
            "meter": WireMeter(),
            "on_up": lambda: None,
            "on_down": lambda reason: None,
            "note": self.notes.append,
        }
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module, "MqttLink", NotedLink)
            self.mailbox = RoomChannel(SECRET, "aaaa", session, BrokerAddress("h"), **{**options, **changes})
        assert isinstance(self.mailbox.link, NotedLink)
        self.link = self.mailbox.link
        self.sent = self.link.published
        self.bob = Sealer(SECRET, "bbbb", THEIRS)
        self.mailbox.admit("bbbb", THEIRS, (0, 0, 0))

    def take(self, letter: Letter, sealed: bytes) -> None:
        self.mailbox.receive(f"{ROOM}/bbbb/{letter}", sealed)

    def _deliver(self, topic: Topic, payload: bytes) -> None:
        self.delivered.append((topic, payload))
        if self.error is not None:
            raise self.error


POSTED = [letter for letter in Letter if letter is not Letter.SPEECH]  # which leaves at once, or not at all


@pytest.fixture
async def office() -> Office:
    return Office()


def reader() -> Opener:
    """Somebody else in the room who knows that we are there."""
    opener = Opener(SECRET, "bbbb", THEIRS)
    opener.admit("aaaa", OURS, (0, 0, 0))
    return opener


async def test_a_payload_is_posted_sealed_on_our_own_topic_and_its_cost_returned(office: Office) -> None:
    cost = office.mailbox.post(Letter.PICTURE, b"frame", retain=True)
    (message,) = office.sent
    assert (message.topic, message.retain) == (f"{ROOM}/aaaa/p", True)
    assert reader().frame(Topic(ROOM, "aaaa", Letter.PICTURE), message.payload) == b"frame"
    assert cost == message.size + 2 * 52


async def test_everything_that_leaves_is_sealed(office: Office) -> None:
    for letter in POSTED:
        office.mailbox.post(letter, b"in clear", retain=False, to=("bbbb", THEIRS))
    opener = reader()
    presence, signal, picture, text = office.sent
    assert opener.hello(Topic(ROOM, "aaaa", Letter.PRESENCE), presence.payload) == (OURS, b"in clear")
    assert opener.signal(Topic(ROOM, "aaaa", Letter.SIGNAL), signal.payload) == b"in clear"
    assert opener.frame(Topic(ROOM, "aaaa", Letter.PICTURE), picture.payload) == b"in clear"
    assert opener.frame(Topic(ROOM, "aaaa", Letter.TEXT), text.payload) == b"in clear"
    assert not any(b"clear" in message.payload for message in office.sent)


async def test_what_comes_is_opened(office: Office) -> None:
    office.take(Letter.PRESENCE, office.bob.hello(b"hello"))
    office.take(Letter.SIGNAL, office.bob.signal("aaaa", OURS, b"offer"))
    office.take(Letter.PICTURE, office.bob.frame(Letter.PICTURE, b"picture", retained=True))
    assert [(topic.letter, payload) for topic, payload in office.delivered] == [
        (Letter.PRESENCE, b"hello"),
        (Letter.SIGNAL, b"offer"),
        (Letter.PICTURE, b"picture"),
    ]
    assert office.mailbox.rejected == 0


async def test_a_signal_for_one_peer_goes_on_its_topic(office: Office) -> None:
    office.mailbox.post(Letter.SIGNAL, b"offer", retain=False, to=("bbbb", THEIRS), addressed=True)
    (message,) = office.sent
    assert message.topic == f"{ROOM}/bbbb/s/aaaa"
    assert reader().signal(Topic.parse(message.topic), message.payload) == b"offer"


async def test_a_signal_for_us_comes_from_whom_its_topic_names(office: Office) -> None:
    sealed = office.bob.signal("aaaa", OURS, b"offer", addressed=True)
    office.mailbox.receive(f"{ROOM}/aaaa/s/cccc", sealed)
    assert (office.delivered, office.mailbox.rejected) == ([], 1)
    office.mailbox.receive(f"{ROOM}/aaaa/s/bbbb", sealed)
    assert office.delivered == [(Topic(ROOM, "bbbb", Letter.SIGNAL, "aaaa"), b"offer")]


async def test_a_hello_for_one_peer_goes_on_its_topic(office: Office) -> None:
    office.mailbox.post(Letter.PRESENCE, b"hello", retain=False, to=("bbbb", THEIRS), addressed=True)
    (message,) = office.sent
    assert (message.topic, message.retain) == (f"{ROOM}/bbbb/s/aaaa", False)
    assert reader().hello(Topic.parse(message.topic), message.payload).payload == b"hello"


async def test_a_hello_for_us_is_one_like_any_other_from_whom_its_topic_names(office: Office) -> None:
    stranger = Sealer(SECRET, "cccc", 3).hello(b"hello", "aaaa")
    for elsewhere in (f"{ROOM}/aaaa/s/bbbb", f"{ROOM}/cccc/h"):
        office.mailbox.receive(elsewhere, stranger)
    assert (office.delivered, office.mailbox.rejected) == ([], 2)
    office.mailbox.receive(f"{ROOM}/aaaa/s/cccc", stranger)
    assert office.delivered == [(Topic(ROOM, "cccc", Letter.PRESENCE), b"hello")]


async def test_what_is_in_clear_is_counted_and_not_delivered(office: Office) -> None:
    for letter in (Letter.PRESENCE, Letter.PICTURE, Letter.TEXT):
        office.take(letter, b"\x95\x01\x05\xa3Ada\x0f\x91\x00" + bytes(30))
    assert (office.delivered, office.mailbox.rejected) == ([], 3)


async def test_a_signal_for_somebody_else_is_nobodys_fault(office: Office) -> None:
    office.take(Letter.SIGNAL, office.bob.signal("cccc", 3, b"offer"))
    assert (office.delivered, office.mailbox.rejected) == ([], 0)


async def test_who_was_dismissed_says_hello_and_nothing_else(office: Office) -> None:
    office.mailbox.dismiss("bbbb")
    office.take(Letter.PICTURE, office.bob.frame(Letter.PICTURE, b"picture", retained=True))
    office.take(Letter.PRESENCE, office.bob.hello(b"hello"))
    assert [payload for _, payload in office.delivered] == [b"hello"]
    assert office.mailbox.rejected == 1


async def test_an_empty_payload_clears_and_is_neither_sealed_nor_opened(office: Office) -> None:
    office.mailbox.post(Letter.PRESENCE, b"", retain=True)
    assert office.sent == [Message(f"{ROOM}/aaaa/h", b"", retain=True)]
    for node in ("aaaa", "bbbb"):  # our own may be a last will of ours that comes late
        office.mailbox.receive(f"{ROOM}/{node}/h", b"")
        assert office.delivered[-1] == (Topic(ROOM, node, Letter.PRESENCE), b"")


async def test_the_last_will_clears_our_hello(office: Office) -> None:
    assert office.link.will == Message(f"{ROOM}/aaaa/h", b"", retain=True)


async def test_our_own_echo_and_other_rooms_are_nobodys_fault(office: Office) -> None:
    office.mailbox.receive(f"{ROOM}/aaaa/s", b"x")
    office.mailbox.receive(f"{topics.room_id(b'other')}/bbbb/s", b"x")
    assert (office.delivered, office.mailbox.rejected) == ([], 0)


@pytest.mark.parametrize("name", ["", "x", f"{ROOM}/bbbb/z", f"{ROOM}/b/s", f"{ROOM}/bbbb/s/s", "ROOM/bbbb/s"])
async def test_a_foreign_topic_is_counted(office: Office, name: str) -> None:
    office.mailbox.receive(name, b"x")
    assert (office.delivered, office.mailbox.rejected) == ([], 1)


async def test_bad_mail_is_counted_and_forgotten(office: Office) -> None:
    office.error = FrameError("not a frame")
    for _ in range(3):
        office.take(Letter.PICTURE, office.bob.frame(Letter.PICTURE, b"frame", retained=False))
    assert office.mailbox.rejected == 3
    assert office.notes == []


@pytest.mark.parametrize(
    "error", [ValueError("a"), RecursionError(), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")]
)
async def test_whatever_a_message_raises_it_is_dropped_and_noted_once(office: Office, error: Exception) -> None:
    office.error = error
    for _ in range(3):
        office.take(Letter.PICTURE, office.bob.frame(Letter.PICTURE, b"frame", retained=False))
    assert (office.mailbox.faults.count, office.mailbox.rejected) == (3, 0)
    assert office.notes == [f"a message of bbbb could not be handled ({type(error).__name__}) and is left out"]
    office.error = None
    office.take(Letter.PICTURE, office.bob.frame(Letter.PICTURE, b"good", retained=False))
    assert office.delivered[-1][1] == b"good"


async def test_a_parser_that_stumbles_ends_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*asked: object) -> None:
        raise RecursionError

    monkeypatch.setattr(Topic, "parse", stumble)
    for name in ("", "x", f"{ROOM}/bbbb/h"):
        office.mailbox.receive(name, b"x")
    assert office.mailbox.faults.count == 3


async def test_what_is_meant_to_end_the_node_does(office: Office) -> None:
    office.error = NodeError("all is sealed that can be")
    with pytest.raises(NodeError):
        office.take(Letter.PRESENCE, office.bob.hello(b"hello"))


async def test_what_proves_to_be_bad_later_is_counted_as_well(office: Office) -> None:
    office.mailbox.reject("bbbb", Letter.PICTURE, CaptionError("damaged"))
    office.mailbox.reject("bbbb", Letter.PICTURE, VersionError(3))
    assert office.mailbox.rejected == 2
    assert office.notes == [str(VersionError(3))]


async def test_a_newer_version_is_told_once_for_each_topic(office: Office) -> None:
    office.error = VersionError(3)
    carl = Sealer(SECRET, "cccc", 3)
    for _ in range(2):
        office.take(Letter.PRESENCE, office.bob.hello(b"hello"))
    office.mailbox.receive(f"{ROOM}/cccc/h", carl.hello(b"hello"))
    assert office.mailbox.rejected == 3
    assert office.notes == [str(VersionError(3))] * 2


async def test_a_flood_of_forged_names_is_not_remembered_without_end(office: Office) -> None:
    office.error = VersionError(3)
    for number in range(1, 2 * MAX_REMEMBERED + 1):  # 0 would be our own name
        node = topics.node_id((number << 4).to_bytes(3))
        office.mailbox.receive(f"{ROOM}/{node}/h", Sealer(SECRET, node, number).hello(b"hello"))
    assert office.mailbox.rejected == 2 * MAX_REMEMBERED
    assert len(office.notes) == MAX_REMEMBERED
    office.mailbox.receive(f"{ROOM}/{node}/h", Sealer(SECRET, node, number).hello(b"hello"))
    assert len(office.notes) == MAX_REMEMBERED


async def test_it_listens_to_who_is_here_and_to_the_pictures_it_follows(office: Office) -> None:
    await office.mailbox.join()
    await office.mailbox.subscribe_peer("bbbb", Letter.PICTURE)
    always = [f"{ROOM}/+/h", f"{ROOM}/+/s", f"{ROOM}/aaaa/s/+"]
    assert office.link.subscriptions == [*always, f"{ROOM}/bbbb/p"]
    await office.mailbox.unsubscribe_peer("bbbb", Letter.PICTURE)
    assert office.link.subscriptions == always


async def test_mailboxes_of_successive_sessions_use_no_nonce_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[bytes, bytes]] = []

    class Recording:
        def __init__(self, key: bytes, tag_length: int) -> None:
            self._key = key

        def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            used.append((self._key, nonce))
            return data

    monkeypatch.setattr("protocol.sealing.AESCCM", Recording)

    def live(session: int) -> None:
        mailbox = Office(session=session).mailbox
        for _ in range(3):
            for letter in POSTED:
                mailbox.post(letter, b"x", retain=True, to=("bbbb", THEIRS))

    for session in (OURS, OURS + 1):
        live(session)
    assert len(used) == len(set(used)) == 2 * 3 * len(POSTED)
    live(OURS)
    assert len(set(used)) < len(used)  # what a session that is not new would do: this test can fail


def test_nothing_but_the_mailbox_says_anything_to_the_broker() -> None:
    """The doctor and a listener of an audience publish nothing; a stage's relay does what the protocol sealed."""
    from pathlib import Path

    import node

    folder = Path(node.__file__).parent
    users = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if any(name in path.read_text() for name in ("MqttLink(", "import aiomqtt", "from aiomqtt", "paho"))
    }
    audience = {"call/seat_membership.py", "call/stage_relay.py"}
    assert users == {"links/mqtt.py", "links/mqtt_client.py", "links/room_channel.py", "commands/doctor.py"} | audience
    for silent in ("commands/doctor.py", "call/seat_membership.py"):
        assert ".publish(" not in (folder / silent).read_text()


# -- brokers that keep things to themselves


@contextlib.asynccontextmanager
async def connected(
    broker: BrokerAddress, on_echo: Callable[[Topic, int], None] = lambda letter, size: None
) -> AsyncIterator[tuple[RoomChannel, Happenings]]:
    """A mailbox in the room, and what it notes."""
    notes, up = Happenings(), asyncio.Event()
    mailbox = RoomChannel(
        SECRET, "aaaa", OURS, broker, deliver=lambda topic, payload: None, meter=WireMeter(),
        on_up=up.set, on_down=lambda reason: None, note=notes.add, on_echo=on_echo,
    )  # fmt: skip
    await mailbox.join()
    running = asyncio.create_task(mailbox.link.run())
    try:
        await up.wait()
        yield mailbox, notes
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_broker_that_drops_our_hello_is_told_of(
    start_mosquitto: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mosquitto's access list refuses nothing aloud: subscriptions stand, and messages are gone."""
    monkeypatch.setattr(echo_check, "ECHO_PATIENCE_S", 0.3)
    acl = tmp_path / "acl"
    acl.write_text(f"topic readwrite {ROOM}/+/s\n")
    acl.chmod(0o644)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)  # for the user that mosquitto becomes
    server = start_mosquitto(
        configured=lambda port, passwords: f"listener {port} 127.0.0.1\nallow_anonymous true\nacl_file {acl}\n"
    )
    async with connected(server.address) as (mailbox, notes):
        mailbox.post(Letter.SIGNAL, b"offer", retain=False, to=("bbbb", THEIRS))
        mailbox.post(Letter.PRESENCE, b"hello", retain=True)
        (note,) = await notes.count(1)
        assert "does not hand on our hello" in note
        assert f"topic readwrite {ROOM}/+/h" in note


async def test_a_broker_that_hands_on_what_we_say_is_not(
    mosquitto: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo_check, "ECHO_PATIENCE_S", 0.5)
    echoed = Happenings()
    async with connected(mosquitto, lambda topic, size: echoed.add(topic.letter)) as (mailbox, notes):
        mailbox.post(Letter.PRESENCE, b"hello", retain=True)
        mailbox.post(Letter.SIGNAL, b"offer", retain=False, to=("bbbb", THEIRS))
        await echoed.count(2)
        await asyncio.sleep(2 * echo_check.ECHO_PATIENCE_S)
        assert notes.all == []


async def test_a_subscription_that_is_refused_is_told_of_once() -> None:
    async with scripted(Behaviour(granted=REFUSED)) as server, connected(server.address) as (mailbox, notes):
        await notes.count(1)
        server.close_all()
        await server.connections.count(2)
        await mailbox.subscribe_peer("bbbb", Letter.PICTURE)
        await notes.count(2)
        assert f"does not let us read {ROOM}/+/h, {ROOM}/+/s, {ROOM}/aaaa/s/+: its access list must" in notes.all[0]
        assert f"does not let us read {ROOM}/bbbb/p: " in notes.all[1]
        mailbox.post(Letter.PRESENCE, b"hello", retain=True)
        mailbox._echo_missing(Letter.PRESENCE, 9)
        assert len(notes.all) == 2
