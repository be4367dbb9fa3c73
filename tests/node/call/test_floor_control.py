"""Push to talk at one node: what is sent, by which way, and what its user reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, cast

import pytest

from node.call.floor_control import FloorControl
from node.call.membership import RoomMembership
from node.call.observers import CallObserver, Observers
from node.common.peer_faults import PeerFaults
from node.speech.level_meter import MeteredSource
from node.speech.send_stream import SendStream
from protocol.errors import RemoteError, SignalError
from protocol.signalling import Carries, Hello
from protocol.signalling.floor import CLAIM_S, LEASE_S, RENEW_S
from protocol.signalling.floor_words import FloorWord, Word, decode, encode
from protocol.topics import Letter

OTHER = Hello(7, "bob", Carries.EVERYTHING | Carries.PUSH_TO_TALK)
B = "bbbb"


class Link:
    """A link that takes words, and keeps what gets the peer's."""

    def __init__(self, said: list[tuple[str, FloorWord]]) -> None:
        self._said = said
        self.on_words: Callable[[bytes], None] = lambda words: None

    async def send_words(self, words: bytes) -> None:
        self._said.append(("link", decode(words)))


class Room:
    """As much of a membership as the floor needs: its peers, its channel and its tasks."""

    name, node_id = "ann", "aaaa"

    def __init__(self) -> None:
        self.said: list[tuple[str, FloorWord]] = []
        self.rejected: list[RemoteError] = []
        self.hellos: dict[str, Hello] = {}
        self.link: Link | None = None
        self.broker_is_up = True
        self.faults = PeerFaults(lambda text: None)
        self.peers = self.channel = self

    def is_up(self, peer: str) -> bool:
        return self.link is not None

    def link_to(self, peer: str) -> Link | None:
        return self.link

    def start(self, name: str, peer: str, work: Callable[[], Any]) -> None:
        with contextlib.suppress(StopIteration):
            work().send(None)

    def post(self, letter: Letter, payload: bytes, retain: bool, to: tuple[str, int], *, addressed: bool) -> None:
        assert (letter, retain, to, addressed) == (Letter.SIGNAL, False, (B, 7), True)
        self.said.append(("broker", decode(payload)))

    def reject(self, peer: str, letter: Letter, error: RemoteError) -> None:
        self.rejected.append(error)


class At:
    """What hangs on the floor of one node, on a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.room, self.notes = Room(), list[str]()
        self.source = MeteredSource(cast(Any, None), cast(Any, None))
        self.stream = SendStream(self.source)
        self.holders: list[str] = []
        self.observers = Observers(Passed(self.holders))
        self.floor = FloorControl(
            cast(RoomMembership, self.room),
            self.source,
            self.stream,
            self.observers,
            limit_s=60.0,
            note=self.notes.append,
            clock=lambda: self.now,
        )

    def bob_is_here(self, carries: Carries = OTHER.carries) -> None:
        self.room.hellos[B] = hello = Hello(7, "bob", carries)
        self.floor.joined(B, hello)
        self.floor.link_opened(B)

    def bob_says(self, word: Word, number: int = 1, rank: int = 0) -> None:
        self.floor.word_received(B, encode(FloorWord(word, number, rank)))

    @property
    def is_open(self) -> bool:
        assert self.source.closed is not self.stream.open
        return self.stream.open


class Passed(CallObserver):
    def __init__(self, holders: list[str]) -> None:
        self._holders = holders

    def floor_changed(self, holder: str) -> None:
        self._holders.append(holder)


@pytest.fixture
def at() -> At:
    return At()


def test_nothing_is_sent_until_the_floor_is_granted(at: At) -> None:
    at.bob_is_here()
    assert not at.is_open
    at.floor.ask()
    assert (at.is_open, at.floor.state) == (False, "asked for")
    at.bob_says(Word.GRANT)
    assert (at.is_open, at.floor.state, at.floor.holder) == (True, "yours", "aaaa")
    at.floor.toggle()
    assert (at.is_open, at.floor.state) == (False, "free")
    assert at.notes == ["you have the floor: speak", "the floor is free"]
    assert at.holders == ["", "aaaa", ""]


def test_words_go_by_the_broker_and_by_a_link_that_is_up(at: At) -> None:
    at.bob_is_here()
    at.floor.ask()
    assert [(way, word.word) for way, word in at.room.said] == [("broker", Word.ASK)]
    at.room.said.clear()
    at.room.link = Link(at.room.said)
    at.bob_says(Word.GRANT)
    assert [(way, word.word) for way, word in at.room.said] == [("link", Word.HOLD)], "which is said again in a second"
    at.room.said.clear()
    at.floor.release()
    assert [(way, word.word) for way, word in at.room.said] == [("link", Word.FREE), ("broker", Word.FREE)]
    at.room.said.clear()
    at.room.broker_is_up = False
    at.floor.ask()
    assert [(way, word.word) for way, word in at.room.said] == [("link", Word.ASK)]


def test_words_that_come_by_a_link_count_and_bad_ones_are_refused(at: At) -> None:
    at.room.link = link = Link(at.room.said)
    at.bob_is_here()
    link.on_words(encode(FloorWord(Word.HOLD, 1, 5)))
    assert at.floor.state == "bob"
    link.on_words(b"anything")
    assert [type(error) for error in at.room.rejected] == [SignalError]
    with pytest.raises(SignalError):
        at.floor.word_received(B, b"anything")


def test_who_speaks_says_less_often_that_it_has_the_floor(at: At) -> None:
    at.bob_is_here()
    at.floor.ask()
    at.bob_says(Word.GRANT)
    machine = at.floor._floor
    at.now += RENEW_S
    machine.handle_timer(at.now)
    assert machine.words()
    assert machine.get_timer() == at.now + RENEW_S
    at.now += RENEW_S / 2
    at.observers.speech_sent(cast(Any, None))
    assert machine.get_timer() == at.now + RENEW_S
    at.room.said.clear()
    at.floor.speech_received(B, 1, 0, b"", ())
    assert [word.word for _, word in at.room.said] == [Word.HOLD], "to one that speaks beside it"


def test_who_is_refused_reads_one_line(at: At) -> None:
    at.bob_is_here()
    at.floor.ask()
    at.bob_says(Word.HOLD)
    assert at.notes == ["bob speaks: ask again once the floor is free"]
    at.bob_says(Word.FREE)
    at.floor.ask()
    at.bob_says(Word.HOLD, 2)
    at.floor.left(B)
    assert at.notes[1:] == ["the floor is free", "bob speaks: ask again once the floor is free", "the floor is free"]
    counts = at.floor.counts
    assert (counts.asked, counts.granted, counts.refused) == (2, 0, 2)


def test_those_who_do_not_ask_are_named_and_those_who_only_listen_are_not(at: At) -> None:
    at.bob_is_here(Carries.EVERYTHING)
    assert "bob speaks without asking for the floor" in at.notes[0]
    at.floor.ask()
    assert at.is_open, "nobody has to be waited for"
    at.bob_is_here(Carries.SPEECH_IN)
    assert len(at.notes) == 2


def test_speech_renews_what_its_speaker_has(at: At) -> None:
    at.bob_is_here()
    at.bob_says(Word.HOLD)
    at.now += LEASE_S - 0.1
    at.floor.speech_received(B, 1, 0, b"", ())
    at.now += 0.2
    at.floor.ask()
    assert at.floor.state == "bob"


async def passing(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(10):
        for _ in iter(condition, True):
            await asyncio.sleep(0)


async def test_what_is_due_is_done(at: At) -> None:
    at.bob_is_here()
    task = asyncio.create_task(at.floor.run())
    await asyncio.sleep(0)
    at.floor.ask()
    at.now += CLAIM_S
    await passing(lambda: at.floor.holds)
    at.now += 60
    at.bob_says(Word.GRANT)  # which wakes it
    await passing(lambda: not at.floor.holds)
    task.cancel()
    assert at.notes[-1] == "your 60 s are over: the floor is free"
    assert at.floor.counts.seconds(at.now) == {"ann": 60.0}


def test_the_time_of_who_has_it_runs_on(at: At) -> None:
    at.bob_is_here()
    at.bob_says(Word.HOLD)
    at.now += 2
    assert at.floor.counts.seconds(at.now) == {"bob": 2.0}
    at.bob_says(Word.FREE)
    at.bob_says(Word.HOLD, 2)
    at.now += 1
    assert at.floor.counts.seconds(at.now) == {"bob": 3.0}
