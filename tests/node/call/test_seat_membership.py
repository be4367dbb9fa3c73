"""A listener's membership: members of the stage come, talk, show, write and go; what is refused is named."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import pytest
from audience import CLOCK_MS, LINK, SECRET, SINCE, Theatre, line, packet, pause, picture

from live_call import CODECS, place
from node.call.seat_membership import SeatMembership
from node.links.address import BrokerAddress
from node.links.outbox import Message
from node.links.peer_events import PeerEvents
from node.links.wire_meter import WireMeter
from protocol import frames
from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.audience.live_rule import LiveState, Standing
from protocol.audience.release import TimedPacket
from protocol.audience.seat import Seat
from protocol.audience.speech_message import HINT, SpeechMessage
from protocol.audience.stage import Posting
from protocol.captions import CodebookId
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello

CARRIES = Carries.SPEECH_IN | Carries.PICTURES_IN | Carries.TEXT


class Part(PeerEvents):
    """Keeps what it is notified of."""

    def __init__(self) -> None:
        self.happened: list[tuple[object, ...]] = []
        self.sessions: dict[str, int] = {}
        self.speech: list[tuple[str, int, int, bytes]] = []

    def joined(self, peer: str, hello: Hello) -> None:
        self.happened.append(("joined", peer, hello.name))
        self.sessions[peer] = hello.session

    def left(self, peer: str) -> None:
        self.happened.append(("left", peer))

    def link_up(self, peer: str) -> None:
        self.happened.append(("up", peer))

    def link_ended(self, peer: str) -> None:
        self.happened.append(("ended", peer))

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.speech.append((peer, sequence, timestamp, payload))

    def picture_received(self, peer: str, frame: bytes, codebooks: Collection[CodebookId]) -> None:
        self.happened.append(("picture", peer, frame, tuple(codebooks)))

    def text_received(self, peer: str, frame: bytes) -> None:
        self.happened.append(("line", peer, frame))


class Listener:
    """A membership on the clock of a theatre, without a broker."""

    def __init__(self, theatre: Theatre) -> None:
        self.notes: list[str] = []
        self.meter = WireMeter()
        self.part = Part()
        self.standings: list[Standing] = []
        self.room = SeatMembership(
            "Ann",  # as one on stage is called: nobody there is shown a listener
            place(BrokerAddress("127.0.0.1", 1)),
            CARRIES,
            CODECS,
            seat=Seat(LINK, CLOCK_MS),
            note=self.notes.append,
            meter=self.meter,
            clock=lambda: theatre.now,
            wall=lambda: theatre.clock_ms / 1000,
        )
        self.room.subscribe(self.part)
        self.room.standing_changed = self.standings.append

    def receive(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            self.room.receive(posting.topic, posting.payload)


@pytest.fixture
async def theatre() -> Theatre:
    return Theatre(["Ann", "Bob"])


@pytest.fixture
async def listener(theatre: Theatre) -> Listener:
    return Listener(theatre)


async def test_members_of_the_stage_are_its_peers(theatre: Theatre, listener: Listener) -> None:
    theatre.open()
    theatre.show(picture(1), member=1)
    listener.receive(theatre.recorded)
    assert listener.part.happened == [
        ("joined", "sa", "Ann"), ("up", "sa"), ("joined", "sb", "Bob"), ("up", "sb"),
        ("picture", "sb", picture(1), (CodebookId(2, b"abcd"),)),
    ]  # fmt: skip
    assert listener.room.names() == ["Ann", "Bob"]
    assert listener.notes == ["live"]
    assert listener.standings == [Standing(LiveState.LIVE)]
    listener.room.broker_is_up = True
    assert [listener.room.link_state(peer) for peer in ("sa", "sb", "sc")] == ["up", "up", "none"]


async def test_who_leaves_the_stage_leaves_and_a_picture_shown_is_no_new_arrival(
    theatre: Theatre, listener: Listener
) -> None:
    theatre.open()
    theatre.show(picture(1))
    theatre.open()
    theatre.stage.rename(["Ann"])
    theatre.open()
    listener.receive(theatre.recorded)
    joined = [event for event in listener.part.happened if event[0] == "joined"]
    assert len(joined) == 2
    assert listener.part.happened[-2:] == [("ended", "sb"), ("left", "sb")]


async def test_lines_are_numbered_from_the_first_that_came(theatre: Theatre, listener: Listener) -> None:
    theatre.open()
    theatre.write(line(7, b"seven"), member=1)
    theatre.write(line(3, b"three"))
    theatre.write(line(9, b"nine"), member=1)
    theatre.write(picture(1))
    listener.receive(theatre.recorded)
    lines = [(event[1], frames.decode(event[2])) for event in listener.part.happened if event[0] == "line"]  # type: ignore[arg-type]
    assert [(peer, said.number, said.coded) for peer, said in lines] == [  # type: ignore[union-attr]
        ("sb", 0, b"seven"), ("sa", 0, b"three"), ("sb", 1, b"nine")
    ]  # fmt: skip
    assert listener.room.distrust.counts["not readable"] == 1


async def test_packets_become_rtp_with_pauses_and_losses(theatre: Theatre, listener: Listener) -> None:
    theatre.open()
    listener.receive(theatre.recorded)
    packets = [(0, packet(0)), (12, packet(1)), (36, packet(3)), (48, pause(0)), (500, packet(4))]
    listener.room._handle([TimedPacket(0, start, payload) for start, payload in packets])
    assert [(sequence, timestamp) for _, sequence, timestamp, _ in listener.part.speech] == [
        (1, 0), (2, 5760), (4, 17280), (5, 23040), (6, 240_000)
    ]  # fmt: skip


async def test_speech_is_counted_as_what_came_by_the_broker(theatre: Theatre, listener: Listener) -> None:
    theatre.open()
    said = theatre.talk(2.4)
    theatre.wait(3)
    listener.receive(theatre.recorded)
    listener.room._handle(list(listener.room._seat.handle_timer(theatre.now + 10)))
    spoken = [posting for posting in theatre.recorded if posting.topic.endswith("/v")]
    received = listener.meter.speech("received")
    assert received.packets == len(listener.part.speech) == len(said)
    assert received.bytes == sum(Message(posting.topic, posting.payload).size + 52 for posting in spoken)


async def test_what_a_listener_forged_is_counted_and_named_once_in_a_while(
    theatre: Theatre, listener: Listener
) -> None:
    theatre.open()
    listener.receive(theatre.recorded)
    topic, epoch = f"{LINK.audience}/v", epoch_of(CLOCK_MS)
    keys = Keys(Chain(SINCE, SECRET), 77)
    for number in range(5):
        content = SpeechMessage(0, 0, (packet(number),)).encode()
        listener.receive([Posting(topic, HINT.pack(number) + keys.seal(epoch, topic, number, content))])
    theatre.now += 2.1
    listener.receive([Posting(topic, b"garbage that does not open")])
    listener.room._handle(list(listener.room._seat.handle_timer(theatre.now)))
    assert listener.room.distrust.counts == {"unproven, muted": 5, "not opened": 1}
    assert listener.room.rejected == 6
    assert listener.notes[1:] == ["messages that are not the speaker's: 1 unproven, muted"]
    listener.room.distrust.name()
    assert listener.notes[-1] == "messages that are not the speaker's: 4 unproven, muted"
    assert listener.part.speech == []


async def test_a_stage_that_ended_leaves_once_all_is_played(
    theatre: Theatre, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.call.seat_membership.LEAVES_AFTER_S", 0.0)
    theatre.open()
    theatre.publish(theatre.stage.end(theatre.now, theatre.clock_ms))
    listener.receive(theatre.recorded)
    assert listener.room.names() == ["Ann", "Bob"]
    await asyncio.sleep(0.01)
    assert listener.room.names() == []
    assert listener.notes[-1] == "not live: the stage has ended"


async def test_a_stage_that_comes_back_is_heard_and_read_from_its_first_line(
    theatre: Theatre, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.call.seat_membership.LEAVES_AFTER_S", 0.0)
    theatre.open()
    listener.receive(theatre.recorded)
    theatre.now += 30.1
    listener.room._handle(list(listener.room._seat.handle_timer(theatre.now)))
    await asyncio.sleep(0.01)
    assert listener.room.names() == []
    before, sessions = len(theatre.recorded), dict(listener.part.sessions)
    theatre.clock_ms += 30_100
    theatre.open()
    listener.receive(theatre.recorded[before:])
    assert listener.room.names() == ["Ann", "Bob"]
    assert listener.part.sessions.keys() == sessions.keys()
    assert all(listener.part.sessions[peer] != session for peer, session in sessions.items())
    assert listener.room.links_again == 0


async def test_it_publishes_nothing(listener: Listener) -> None:
    assert listener.room.post_picture(picture(1), True) == 0
    listener.room.post_text(line(0))
    assert listener.room.channel.link.waiting == listener.room.link.waiting == 0


async def test_a_wrong_clock_is_named_once_and_not_with_each_announcement(theatre: Theatre, listener: Listener) -> None:
    theatre.open()
    theatre.clock_ms += 600_000
    listener.receive(theatre.recorded)
    theatre.clock_ms += 60_000
    listener.receive(theatre.recorded)
    assert len(listener.notes) == 1
    assert listener.notes[0].startswith("not live: what is announced is 10 min old")


async def test_nobody_who_talks_is_worth_a_line(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.call.seat_membership.PATIENCE_S", 0.0)
    for _ in range(2):
        listener.room._link_up()
        await asyncio.sleep(0.01)
    assert [note for note in listener.notes if "broker" not in note] == ["not live: the stage announced nothing yet"]
