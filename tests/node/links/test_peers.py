"""The links of nodes that meet in a room, over real WebRTC on loopback; the room's broker is a function call."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from greeting import proven
from happenings import Happenings, until

from node.links import peers
from node.links.linked_peer import DOUBT_AFTER_S, SILENT_AFTER_S, LinkActivity, LinkSettings
from node.links.network_watch import NetworkChange
from node.links.peer_events import PeerEvents
from node.links.peers import Peers
from node.links.webrtc import MediaDirection, PeerLink, State
from node.links.wire_meter import WireMeter
from protocol.errors import RemoteError
from protocol.rtp.receiver_reports import Report
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello, Outgoing, Room
from protocol.signalling.messages import Answer, Bye, Offer, Reason, decode, encode, offer_hash
from protocol.signalling.sdp_compression import MAX_SDP_BYTES, pack_description
from protocol.topics import Letter

A, B = "aaaa", "bbbb"
SPEECH, PAUSE = b"\x18speech", b"\x18"  # a 60 ms frame, and an empty one


class Air:
    """Carries what one node says to all the others, keeps what is retained, and remembers all of it."""

    def __init__(self) -> None:
        self.listeners: dict[str, Peers] = {}
        self.said = Happenings()  # (sender, Outgoing)
        self.refused: list[RemoteError] = []
        self.deaf: set[str] = set()

    def say(self, sender: str, outgoing: Outgoing) -> None:
        self.said.add((sender, outgoing))
        for name, listener in self.listeners.items():
            if name not in (sender, *self.deaf):
                asyncio.get_running_loop().call_soon(self.hear, listener, sender, outgoing)

    def hear(self, listener: Peers, sender: str, outgoing: Outgoing) -> None:
        try:
            listener.receive(sender, outgoing.letter, outgoing.payload)
        except RemoteError as error:
            self.refused.append(error)

    def messages(self, sender: str, kind: type) -> list[Any]:
        signals = [decode(out.payload) for name, out in self.said.all if name == sender and out.letter == Letter.SIGNAL]
        return [message for message in signals if isinstance(message, kind)]


@dataclass(frozen=True)
class NotedLinks(LinkSettings):
    """Links that the test can get at, with what they report to."""

    made: list[tuple[PeerLink, Callable[[State], None]]] = field(default_factory=list)
    handlers: list[dict[str, Any]] = field(default_factory=list)

    def link(self, direction: MediaDirection, *, on_state: Callable[[State], None], **handlers: Any) -> PeerLink:
        link = super().link(direction, on_state=on_state, **handlers)
        self.made.append((link, on_state))
        self.handlers.append(handlers)
        return link


class Person(PeerEvents):
    """A node without devices: keeps the events of its peers, as (what, peer), and the payloads it receives."""

    def __init__(
        self, name: str, air: Air, carries: Carries = Carries.EVERYTHING, stumbles_in: tuple[str, str] = ("", "")
    ) -> None:
        self.name, self.happened, self.heard, self.reports = name, Happenings(), Happenings(), Happenings()
        self.stumbles_in = stumbles_in
        hello = Hello(random.getrandbits(32), name, carries)
        self.links = NotedLinks(WireMeter(), address="127.0.0.1")
        self.calls = Peers(
            Room(name, hello, random.Random(name)),
            carries,
            self,
            lambda outgoing: air.say(name, outgoing),
            self.links,
            doubt_broker=self._doubt,
        )
        self.doubts = 0
        air.listeners[name] = self.calls

    def joined(self, peer: str, hello: Hello) -> None:
        assert hello.name == peer
        self._happen("joined", peer)

    def left(self, peer: str) -> None:
        self._happen("left", peer)

    def link_opened(self, peer: str) -> None:
        self._happen("opened", peer)

    def link_up(self, peer: str) -> None:
        self._happen("connected", peer)

    def link_ended(self, peer: str) -> None:
        self._happen("ended", peer)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.heard.add((peer, payload, *(copy.payload for copy in copies)))
        self._stumble("packet", peer)

    def report_received(self, peer: str, report: Report) -> None:
        self.reports.add((peer, report))

    def _happen(self, what: str, peer: str) -> None:
        self.happened.add((what, peer))
        self._stumble(what, peer)

    def _stumble(self, what: str, peer: str) -> None:
        if self.stumbles_in == (what, peer):
            raise ValueError("a caption")

    def _doubt(self) -> None:
        self.doubts += 1

    def link_to(self, number: int = -1) -> PeerLink:
        """The link that was made as this one, by default the last."""
        return self.links.made[number][0]

    def fail(self, number: int = -1) -> None:
        """Have a link report that it failed."""
        self.links.made[number][1]("failed")

    async def up(self, peer: str, times: int = 1) -> None:
        await self.happened.until(lambda happened: happened.count(("connected", peer)) >= times)


async def linked_twice(a: Person, b: Person) -> None:
    """Two who have a link, and had another one before, which failed."""
    await a.up(B)
    await b.up(A)
    a.fail(0)
    await a.up(B, times=2)
    await b.up(A, times=2)


@contextlib.asynccontextmanager
async def company(*carries: Carries) -> AsyncIterator[tuple[Air, list[Person]]]:
    """People who carry what is given, in one room; all leave at the end."""
    air = Air()
    async with asyncio.TaskGroup() as tasks:
        people = [Person(letter * 4, air, what) for letter, what in zip("abcdef", carries, strict=False)]
        for person in people:
            person.calls.start(tasks)
        yield air, people
        for person in people:
            await person.calls.leave()
        assert air.refused == []


async def test_two_who_meet_hear_each_other() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        assert not a.calls.send(0, b"nobody is here")
        assert not a.calls.take_copies()
        assert not a.calls.is_up(B)
        await a.up(B)
        await b.up(A)
        assert (a.calls.is_up(B), a.calls.is_up("zzzz")) == (True, False)
        assert a.happened.all == [("joined", B), ("opened", B), ("connected", B)]
        assert b.happened.all == [("joined", A), ("opened", A), ("connected", A)]
        assert a.calls.send(0, b"to b")
        assert b.calls.send(0, b"to a")
        assert await b.heard.count(1) == [(A, b"to b")]
        assert await a.heard.count(1) == [(B, b"to a")]
        assert 0 < a.calls.round_trip_seconds(B) < 5
        assert a.calls.round_trip_seconds("zzzz") == 0


async def test_copies_reach_the_peer() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        assert a.calls.take_copies()
        assert a.calls.send(5760, b"new", [Copy(5760, b"old")])
        assert await b.heard.count(1) == [(A, b"new", b"old")]


async def test_everyone_hears_everyone() -> None:
    async with company(*[Carries.EVERYTHING] * 4) as (_, people):
        for one, other in itertools.permutations(people, 2):
            await one.up(other.name)
        for person in people:
            assert person.calls.send(0, person.name.encode())
        for person in people:
            heard = await person.heard.count(3)
            assert sorted(heard) == [(other.name, other.name.encode()) for other in people if other is not person]


async def test_a_listener_does_not_talk() -> None:
    talker, listener = Carries.SPEECH_OUT | Carries.PICTURES_OUT, Carries.SPEECH_IN | Carries.PICTURES_IN
    async with company(talker, listener) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        assert not b.calls.send(0, b"into the void")
        assert a.calls.send(0, b"words")
        assert await b.heard.count(1) == [(A, b"words")]


async def test_those_who_have_nothing_to_say_to_each_other_make_no_link() -> None:
    async with company(Carries.PICTURES_OUT, Carries.PICTURES_IN) as (air, (a, b)):
        await a.happened.count(1)
        await b.happened.count(1)
        assert (a.happened.all, b.happened.all) == ([("joined", B)], [("joined", A)])
        assert {out.letter for _, out in air.said.all} == {Letter.PRESENCE}


async def test_who_leaves_ends_the_call_of_the_other() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (air, (a, b)):
        await a.up(B)
        await b.up(A)
        await a.calls.leave()
        await b.happened.until(lambda happened: ("left", A) in happened)
        assert b.happened.all[-2:] == [("ended", A), ("left", A)]
        assert not b.calls.send(0, b"gone")
        assert air.messages(A, Bye) == [Bye(B, air.messages(A, Bye)[0].call_id, Reason.LEFT)]
        name, goodbye = air.said.all[-1]
        assert (name, goodbye) == (A, Outgoing(Letter.PRESENCE, b"", retain=True))


async def test_nothing_runs_on_after_leaving() -> None:
    before = asyncio.all_tasks()
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
    assert asyncio.all_tasks() - before == set()


async def test_leaving_while_the_call_is_being_made_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    call_at, timers = loop.call_at, list[asyncio.TimerHandle]()

    def note_timer(when: float, callback: Any, *arguments: Any, **more: Any) -> asyncio.TimerHandle:
        timer = call_at(when, callback, *arguments, **more)
        if getattr(callback, "__self__", None) is a.calls:
            timers.append(timer)
        return timer

    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, _b)):
        monkeypatch.setattr(loop, "call_at", note_timer)
        await a.happened.until(lambda happened: ("opened", B) in happened)
        assert timers
        await a.calls.leave()
        assert all(timer.cancelled() for timer in timers)
        assert ("connected", B) not in a.happened.all


async def test_a_peer_that_leaves_while_we_do_ends_the_call_in_order() -> None:
    """Between the end of our tasks and our goodbye, the peer's still comes."""
    air, failures = Air(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with asyncio.TaskGroup() as theirs:
        b = Person(B, air)
        b.calls.start(theirs)

        async def leave_last(a: Person) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await b.calls.leave()
                await a.happened.until(lambda happened: ("left", B) in happened)

        async def live() -> None:
            async with asyncio.TaskGroup() as ours:
                a = Person(A, air)
                a.calls.start(ours)
                people.append(a)
                ours.create_task(leave_last(a))

        people: list[Person] = []
        task = asyncio.create_task(live())
        await asyncio.sleep(0)
        await people[0].up(B)
        await b.up(A)
        link = people[0].link_to()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await people[0].calls.leave()
        assert link.state == "closed"
    assert ("ended", B) in people[0].happened.all
    assert (failures, air.refused) == ([], [])


class Silence:
    """Has all peers whose last packet was speech be silent for so long: no test can wait for real silence."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds, self.even_in_a_pause = 0.0, False
        monkeypatch.setattr(peers, "WATCH_EVERY_S", 0.0)
        monkeypatch.setattr(LinkActivity, "is_silent", lambda *asked: self._is_silent(*asked))  # noqa: PLW0108

    def _is_silent(self, activity: LinkActivity, now: float, datagram_at: float | None, talking_s: float) -> bool:
        return (self.even_in_a_pause or not activity.pauses) and talking_s <= self.seconds


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Silence:
    return Silence(monkeypatch)


@contextlib.asynccontextmanager
async def watching(*people: Person) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(person.calls.watch()) for person in people]
    yield
    for task in tasks:
        task.cancel()


async def test_a_peer_that_falls_silent_is_called_again(silence: Silence) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        assert b.calls.send(0, SPEECH)
        await a.heard.count(1)
        silence.seconds = SILENT_AFTER_S
        async with watching(a):
            await a.up(B, times=2)
            await b.up(A, times=2)
        assert a.happened.all[3:] == [("ended", B), ("opened", B), ("connected", B)]
        assert a.calls.send(0, b"again")
        assert await b.heard.count(1) == [(A, b"again")]


async def test_a_peer_that_only_listens_is_not_missed_when_silent(silence: Silence) -> None:
    async with company(Carries.SPEECH_OUT, Carries.SPEECH_IN) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        silence.seconds, silence.even_in_a_pause = DOUBT_AFTER_S, True
        async with watching(a, b):
            await until(lambda: b.doubts == 1)
        assert a.doubts == 0


async def test_a_description_that_is_none_costs_one_attempt(caplog: pytest.LogCaptureFixture) -> None:
    """The peer's offer cannot be used: the attempt fails, the node goes on, and the next attempt is tried."""
    async with company(Carries.EVERYTHING) as (air, (a,)):
        a.calls.receive("2222", Letter.PRESENCE, encode(proven(a.calls.room, Hello(1, "2222"))))
        offer = Offer(A, 77, pack_description("v=0\r\n"))
        a.calls.receive("2222", Letter.SIGNAL, encode(offer))
        await a.happened.until(lambda happened: ("ended", "2222") in happened)
        assert "the call with 2222 failed" in caplog.text
        assert [(bye.call_id, bye.reason) for bye in air.messages(A, Bye)] == [(77, Reason.LOST)]


async def test_an_answer_that_is_none_costs_one_attempt() -> None:
    async with company(Carries.EVERYTHING) as (air, (a,)):
        a.calls.receive("zzzz", Letter.PRESENCE, encode(proven(a.calls.room, Hello(1, "zzzz"))))
        await a.happened.until(lambda happened: ("opened", "zzzz") in happened)
        await air.said.until(lambda _: air.messages(A, Offer))
        offer = air.messages(A, Offer)[0]
        call_id, offered = offer.call_id, offer_hash(offer.description)
        a.calls.receive("zzzz", Letter.SIGNAL, encode(Answer(A, call_id, pack_description("m=nothing"), offered)))
        await a.happened.until(lambda happened: ("ended", "zzzz") in happened)
        assert [(bye.call_id, bye.reason) for bye in air.messages(A, Bye)] == [(call_id, Reason.LOST)]


@pytest.mark.parametrize("what", ["offer", "answer", "accept"])
@pytest.mark.parametrize("error", [ValueError("odd"), RecursionError(), UnicodeEncodeError("utf-8", "x", 0, 1, "no")])
async def test_a_description_that_trips_us_up_costs_one_attempt_and_no_other_call(
    monkeypatch: pytest.MonkeyPatch, what: str, error: Exception
) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        original, left = getattr(PeerLink, what), [1]

        async def stumble(link: PeerLink, *described: str) -> Any:
            if left[0]:
                left[0] -= 1
                raise error
            return await original(link, *described)

        monkeypatch.setattr(PeerLink, what, stumble)
        await a.up(B)
        await b.up(A)
        assert a.calls.send(0, b"still here")
        assert await b.heard.count(1) == [(A, b"still here")]
        assert a.calls.faults.count + b.calls.faults.count == 1


@pytest.mark.parametrize("what", ["joined", "opened", "connected", "ended", "left"])
async def test_a_company_that_stumbles_over_one_peer_goes_on_with_the_others(what: str) -> None:
    async with company(*[Carries.EVERYTHING] * 3) as (_, (a, b, c)):
        a.stumbles_in = (what, B)
        await a.up(c.name)
        await c.up(A)
        await a.happened.until(lambda happened: ("joined", B) in happened)
        await b.calls.leave()
        await a.happened.until(lambda happened: ("left", B) in happened)
        assert a.calls.send(0, b"still here")
        assert await c.heard.count(1) == [(A, b"still here")]
        assert a.calls.faults.count >= (what in ("joined", "left"))


async def test_a_packet_or_report_that_trips_us_up_leaves_the_link_up() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        b.stumbles_in = ("packet", A)
        for number in range(1, 4):
            assert a.calls.send(960 * number, SPEECH)
            await b.heard.count(number)
        assert b.calls.faults.count == 3
        assert b.calls.is_up(A)


async def test_a_link_that_takes_no_speech_keeps_none_from_the_others() -> None:
    async with company(*[Carries.EVERYTHING] * 3) as (_, (a, b, c)):
        for peer in (b, c):
            await a.up(peer.name)
            await peer.up(A)

        def refuse(*speech: object) -> None:
            raise RuntimeError("closed")

        refused = next(peer for what, peer in a.happened.all if what == "opened")

        a.link_to(0).send = refuse  # type: ignore[method-assign]
        other = next(peer for peer in (b, c) if peer.name != refused)
        assert a.calls.send(0, SPEECH)
        assert await other.heard.count(1) == [(A, SPEECH)]
        assert a.calls.faults.count == 1


async def test_what_is_due_and_trips_us_up_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):

        def stumble(now: float) -> None:
            raise ValueError("a timer")

        with monkeypatch.context() as patched:
            patched.setattr(a.calls.room, "handle_timer", stumble)
            await until(lambda: a.calls.faults.count > 0)
        await a.up(B)
        await b.up(A)


async def test_reports_of_a_call_that_is_over_change_nothing() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await linked_twice(a, b)
        happened = list(a.happened.all)
        a.fail(0)
        assert a.happened.all == happened
        assert a.calls.is_up(B)
        assert a.doubts == 1


async def test_what_still_comes_over_a_link_that_has_ended_is_no_part_of_the_next_one() -> None:
    """Its packets are numbered otherwise, and the end of a link takes a moment."""
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await linked_twice(a, b)
        a.links.handlers[0]["on_packet"](7, 960, SPEECH, ())
        a.links.handlers[0]["on_report"](Report(1, 0, 0.0, None))
        assert (a.heard.all, a.reports.all) == ([], [])
        await b.calls.leave()
        await a.happened.until(lambda happened: ("left", B) in happened)
        a.links.handlers[1]["on_packet"](8, 1920, SPEECH, ())
        assert a.heard.all == []


async def test_a_link_that_fails_is_made_anew() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        a.fail()
        await a.up(B, times=2)
        await b.up(A, times=2)
        assert a.calls.send(0, b"again")
        assert await b.heard.count(1) == [(A, b"again")]


async def test_after_an_outage_of_the_broker_the_hello_is_said_again_and_the_call_stands() -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (air, (a, b)):
        await a.up(B)
        await b.up(A)
        air.said.all.clear()
        air.hear(b.calls, A, Outgoing(Letter.PRESENCE, b"", retain=True))  # the will of a
        a.calls.broker_returned()
        assert [(sender, out.letter, out.retain) for sender, out in air.said.all] == [(A, Letter.PRESENCE, True)]
        assert a.calls.send(0, b"still here")
        assert await b.heard.count(1) == [(A, b"still here")]
        assert ("left", A) not in b.happened.all


async def test_a_broker_that_comes_back_after_the_goodbye_hears_no_hello() -> None:
    async with company(Carries.EVERYTHING) as (air, (a,)):
        await a.calls.leave()
        said = len(air.said)
        a.calls.broker_returned()
        assert len(air.said) == said


async def test_a_link_from_an_address_that_is_gone_is_made_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        assert b.link_to().local_addresses == {"127.0.0.1"}
        b.calls.network_changed(NetworkChange(frozenset({"192.0.2.1"}), frozenset({"192.0.2.2"})))
        assert b.happened.all[-1] == ("connected", A)
        b.calls.network_changed(NetworkChange(frozenset(), frozenset({"127.0.0.1"})))
        await a.up(B, times=2)
        await b.up(A, times=2)
        assert b.calls.send(0, b"from elsewhere")
        assert await a.heard.count(1) == [(B, b"from elsewhere")]
        assert (a.doubts, b.doubts) == (0, 0)


async def test_a_link_that_is_not_up_yet_is_made_again_with_what_addresses_there_are_now() -> None:
    async with company(Carries.EVERYTHING) as (air, (a,)):
        a.calls.receive("zzzz", Letter.PRESENCE, encode(proven(a.calls.room, Hello(1, "zzzz"))))
        await air.said.until(lambda _: air.messages(A, Offer))
        a.calls.network_changed(NetworkChange(frozenset({"192.0.2.1"}), frozenset()))
        await air.said.until(lambda _: len(air.messages(A, Offer)) == 2)
        first, second = air.messages(A, Offer)
        assert first.call_id != second.call_id


async def test_the_broker_is_doubted_when_a_link_dies(silence: Silence) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        a.fail()
        assert a.doubts == 1
        await a.up(B, times=2)
        await b.up(A, times=2)
        assert b.doubts == 0
        assert a.calls.send(0, SPEECH)
        await b.heard.count(1)
        silence.seconds = SILENT_AFTER_S
        async with watching(b):
            await b.happened.until(lambda happened: happened.count(("ended", A)) == 2)
        assert b.doubts == 1


async def test_the_broker_is_doubted_before_a_talking_peer_counts_as_dead(silence: Silence) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        assert b.calls.send(0, SPEECH)
        await a.heard.count(1)
        silence.seconds = DOUBT_AFTER_S
        async with watching(a):
            await until(lambda: a.doubts == 1)
            assert ("ended", B) not in a.happened.all
            a.calls.broker_returned()
            await a.up(B, times=2)
            await b.up(A, times=2)
            a.calls.broker_returned()
            assert a.happened.all.count(("ended", B)) == 1
        assert a.doubts == 1


async def test_speech_that_is_received_again_ends_the_doubt(silence: Silence) -> None:
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        assert b.calls.send(0, SPEECH)
        await a.heard.count(1)
        silence.seconds = DOUBT_AFTER_S
        async with watching(a):
            await until(lambda: a.doubts == 1)
        silence.seconds = 0.0
        assert b.calls.send(960, SPEECH)
        await a.heard.count(2)
        a.calls.broker_returned()
        assert ("ended", B) not in a.happened.all


async def test_an_answer_that_an_offer_makes_too_long_costs_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(link: object, sdp: str) -> str:
        return "a=too long\r\n" * MAX_SDP_BYTES

    monkeypatch.setattr(PeerLink, "answer", endless)
    async with company(Carries.EVERYTHING) as (air, (a,)):
        a.calls.receive("2222", Letter.PRESENCE, encode(proven(a.calls.room, Hello(1, "2222"))))
        a.calls.receive("2222", Letter.SIGNAL, encode(Offer(A, 77, pack_description("v=0\r\n"))))
        await a.happened.until(lambda happened: ("ended", "2222") in happened)
        assert [(bye.call_id, bye.reason) for bye in air.messages(A, Bye)] == [(77, Reason.LOST)]


async def test_the_room_is_notified_of_what_is_received_over_the_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "WATCH_EVERY_S", 0.0)
    async with company(Carries.EVERYTHING, Carries.EVERYTHING) as (_, (a, b)):
        await a.up(B)
        await b.up(A)
        notified = Happenings()
        monkeypatch.setattr(a.calls.room, "media_received", lambda peer, call_id, at: notified.add((peer, at)))
        before = asyncio.get_running_loop().time()
        assert b.calls.send(0, SPEECH)
        await a.heard.count(1)
        async with watching(a):
            await notified.until(lambda heard: heard and heard[-1][0] == B and heard[-1][1] >= before)
