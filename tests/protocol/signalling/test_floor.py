"""Who has the floor: members in a simulated room, whose words are late, lost, doubled and mixed up, and who vanish."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.signalling.floor import (
    ASK_AGAIN_S,
    CLAIM_S,
    LEASE_S,
    RENEW_S,
    SPEAKING_RENEW_S,
    WARN_S,
    Floor,
    FloorEvent,
)
from protocol.signalling.floor_words import FloorWord, Word

A, B, C = "aaaa", "bbbb", "cccc"
# A holder that vanished is forgotten by then.
GOAL_S = 3.0


@dataclass
class Floors:
    """Members with paths between them, on one clock."""

    names: tuple[str, ...]
    rng: random.Random
    delay: tuple[float, float] = (0.02, 0.1)
    loss: float = 0.0
    double: float = 0.0
    limit_s: float = math.inf
    now: float = 100.0
    cut: set[frozenset[str]] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    seen: dict[str, list[tuple[FloorEvent, str]]] = field(default_factory=dict)
    overlaps: list[float] = field(default_factory=list)
    sent: int = 0
    speaks: bool = False

    def __post_init__(self) -> None:
        self.floors = {name: Floor(name, self.limit_s, random.Random(self.rng.getrandbits(32))) for name in self.names}
        self._speech_due = self.now
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._both_since: float | None = None
        for name, other in itertools.permutations(self.names, 2):
            self.floors[name].joined(other)
            self.seen[name] = []

    @property
    def holders(self) -> list[str]:
        return [name for name in self.names if name not in self.dead and self.floors[name].holds]

    def ask(self, *names: str) -> None:
        for name in names:
            self.floors[name].ask(self.now)
        self.drain()

    def release(self, name: str) -> None:
        self.floors[name].release(self.now)
        self.drain()

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (when, next(self._count), what))

    def drain(self) -> None:
        for name in set(self.names) - self.dead:
            self.seen[name] += self.floors[name].events()
            for peer, word in self.floors[name].words():
                self.sent += 1
                self._send(name, peer, word)
        self._watch()

    def _send(self, name: str, peer: str, word: FloorWord) -> None:
        for _ in range(1 + (self.rng.random() < self.double)):
            if self.rng.random() >= self.loss and frozenset((name, peer)) not in self.cut:
                self.at(self.now + self.rng.uniform(*self.delay), lambda: self._receive(peer, name, word))

    def _receive(self, name: str, peer: str, word: FloorWord) -> None:
        if name not in self.dead:
            self.floors[name].receive(peer, word, self.now)

    def _speak(self) -> None:
        """Have whoever has the floor send a packet of speech, every 0.2 s."""
        self._speech_due = self.now + 0.2
        self.at(self._speech_due, lambda: None)
        for name in self.holders:
            self.floors[name].spoke(self.now)
            for peer in set(self.names) - {name}:
                if self.rng.random() >= self.loss and frozenset((name, peer)) not in self.cut:
                    self.at(
                        self.now + self.rng.uniform(*self.delay), lambda peer=peer, name=name: self._hear(peer, name)
                    )

    def _hear(self, name: str, peer: str) -> None:
        if name not in self.dead:
            self.floors[name].heard(peer, self.now)
            self.drain()

    def _watch(self) -> None:
        """Measure for how long two members that hear each other have the floor at once."""
        pairs = itertools.combinations(self.holders, 2)
        both = any(frozenset(pair) not in self.cut for pair in pairs)
        if both and self._both_since is None:
            self._both_since = self.now
        elif not both and self._both_since is not None:
            self.overlaps.append(self.now - self._both_since)
            self._both_since = None

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            timers = [(self.floors[name].get_timer() or math.inf, name) for name in self.names if name not in self.dead]
            timer, name = min(timers, default=(math.inf, ""))
            if self.speaks and self._speech_due <= self.now:
                self._speak()
            arrival = self._agenda[0][0] if self._agenda else math.inf
            if min(timer, arrival) > end:
                break
            if arrival <= timer:
                self.now, _, what = heapq.heappop(self._agenda)
                what()
            else:
                self.now = max(self.now, timer)
                self.floors[name].handle_timer(self.now)
            self.drain()
        self.now = end
        self._watch()


def members(*names: str, seed: int = 1, **how: object) -> Floors:
    return Floors(names, random.Random(seed), **how)  # type: ignore[arg-type]


def test_a_member_alone_has_the_floor_at_once() -> None:
    room = members(A)
    floor = Floor(A)
    floor.ask(5.0)
    assert floor.holds
    assert floor.events() == [(FloorEvent.GRANTED, "")]
    assert room.holders == []


def test_who_asks_has_the_floor_after_one_round_trip_and_all_know() -> None:
    room = members(A, B, C)
    room.ask(A)
    assert room.floors[A].asks
    assert not room.floors[A].holds
    room.run(0.35)
    assert room.holders == [A]
    assert [room.floors[name].holder for name in room.names] == [A, A, A]
    assert room.seen[B] == [(FloorEvent.TAKEN, A)]
    room.release(A)
    room.run(0.2)
    assert [room.floors[name].holder for name in room.names] == ["", "", ""]
    assert room.seen[B][-1] == (FloorEvent.FREE, "")
    assert room.seen[A] == [(FloorEvent.GRANTED, ""), (FloorEvent.GIVEN, "")]


def test_who_asks_while_another_speaks_is_refused_at_once() -> None:
    room = members(A, B)
    room.ask(A)
    room.run(1)
    room.ask(B)
    assert room.seen[B] == [(FloorEvent.TAKEN, A), (FloorEvent.REFUSED, A)]
    assert room.holders == [A]


@given(st.integers(0, 2**32))
def test_of_two_or_three_that_ask_at_once_one_speaks(seed: int) -> None:
    room = members(A, B, C, seed=seed)
    room.ask(A, B, C)
    room.run(1)
    (speaker,) = room.holders
    refused = [name for name in room.names if name != speaker]
    assert all(
        (FloorEvent.REFUSED, speaker) in room.seen[name] or room.floors[name].holder == speaker for name in refused
    )
    assert room.overlaps == []


def test_a_holder_that_vanishes_is_forgotten_within_three_seconds() -> None:
    room = members(A, B, C)
    room.ask(A)
    room.run(5.5)
    room.dead.add(A)
    room.run(GOAL_S)
    assert (FloorEvent.FREE, "") in room.seen[B]
    room.ask(B)
    room.run(0.3)
    assert room.holders == [B], "who vanished is not waited for"


def test_a_member_that_vanished_before_anybody_knew_holds_nobody_up_for_long() -> None:
    room = members(A, B, C)
    room.dead.add(C)
    room.ask(A)
    room.run(CLAIM_S + 0.01)
    assert room.holders == [A]
    room.release(A)
    room.run(1)
    room.ask(A)
    room.run(0.3)
    assert room.holders == [A], "it is not waited for again"


def test_one_that_asked_and_vanished_gives_way() -> None:
    room = members(A, B, C)
    room.ask(A)
    room.run(0.11)
    room.dead.add(A)
    room.run(LEASE_S)
    room.ask(B)
    room.run(GOAL_S - LEASE_S)
    assert room.holders == [B]


def test_a_member_that_left_gives_the_floor_back_at_once() -> None:
    room = members(A, B)
    room.ask(A)
    room.run(1)
    room.dead.add(A)
    room.floors[B].left(A, room.now)
    room.drain()
    assert room.seen[B][-1] == (FloorEvent.FREE, "")


def test_without_any_path_each_speaks_after_a_while_and_the_smaller_rank_keeps_it_once_there_is_one() -> None:
    room = members(A, B)
    room.cut = {frozenset((A, B))}
    room.ask(A, B)
    room.run(CLAIM_S + 0.1)
    assert room.holders == [A, B]
    room.cut = set()
    room.run(RENEW_S + 0.3)
    assert len(room.holders) == 1
    assert FloorEvent.LOST in {event for name in room.names for event, _ in room.seen[name]}


def test_two_that_speak_at_once_hear_of_it_by_their_speech() -> None:
    room = members(A, B, cut={frozenset((A, B))}, speaks=True)
    room.ask(A, B)
    room.run(CLAIM_S + 2 * RENEW_S)
    assert room.holders == [A, B]
    room.cut = set()
    room.run(0.2 + 3 * 0.1)
    assert len(room.holders) == 1


def test_a_third_member_parts_two_that_do_not_hear_each_other() -> None:
    room = members(A, B, C, cut={frozenset((A, B))})
    room.floors[A].ask(room.now)
    room.floors[B].ask(room.now)
    room.drain()
    room.run(CLAIM_S + RENEW_S + 1)
    assert len(room.holders) == 1


def test_a_third_member_says_that_the_floor_is_taken() -> None:
    room = members(A, B, C, cut={frozenset((A, B))})
    room.ask(A)
    room.run(CLAIM_S + 0.5)
    room.ask(B)
    room.run(0.5)
    assert room.seen[B] == [(FloorEvent.REFUSED, A)]


def test_a_newcomer_learns_who_speaks() -> None:
    room = members(A, B)
    room.floors[B].left(A, room.now)
    room.floors[A].left(B, room.now)
    room.ask(A)
    room.run(0.1)
    room.floors[B].joined(A)
    room.floors[A].joined(B)
    room.drain()
    room.run(0.2)
    assert room.floors[B].holder == A


def test_the_time_is_limited_and_its_end_is_said_before() -> None:
    room = members(A, B, limit_s=20.0)
    room.ask(A)
    room.run(20.0 - WARN_S)
    assert FloorEvent.WARNED not in [event for event, _ in room.seen[A]]
    room.run(1)
    assert room.seen[A][-1] == (FloorEvent.WARNED, "")
    room.run(WARN_S)
    assert room.seen[A][-1] == (FloorEvent.OVER, "")
    assert room.floors[B].holder == ""


def test_speech_alone_renews_a_lease_and_nothing_else_does() -> None:
    floor = Floor(A)
    floor.joined(B)
    floor.receive(B, FloorWord(Word.HOLD, 1, 7), 10.0)
    floor.heard(B, 12.0)
    floor.heard(C, 12.0)
    floor.handle_timer(10.0 + LEASE_S)
    assert floor.holder == B
    floor.handle_timer(12.0 + LEASE_S)
    assert floor.holder == ""


def test_words_of_strangers_and_old_words_change_nothing() -> None:
    floor = Floor(A)
    floor.receive(B, FloorWord(Word.HOLD, 1, 7), 10.0)
    assert floor.holder == ""
    floor.joined(B)
    floor.receive(B, FloorWord(Word.FREE, 4), 10.0)
    for old in (FloorWord(Word.HOLD, 4, 7), FloorWord(Word.ASK, 3, 7), FloorWord(Word.GRANT, 9)):
        floor.receive(B, old, 10.0)
    assert floor.holder == ""
    assert floor.words() == []
    floor.release(11.0)
    assert floor.events() == []


def test_a_holder_that_is_not_here_is_not_named() -> None:
    floor = Floor(A)
    floor.joined(B)
    floor.ask(10.0)
    floor.receive(B, FloorWord(Word.BUSY, 1, holder="\x1b[2J"), 10.1)
    assert floor.events() == [(FloorEvent.REFUSED, "")]


def test_a_flood_is_passed_over() -> None:
    floor = Floor(A)
    floor.joined(B)
    for number in range(1000):
        floor.receive(B, FloorWord(Word.ASK, number + 1, 7), 10.0)
    assert len(floor.words()) < 100


def test_what_a_claim_costs() -> None:
    room = members(A, B)
    room.ask(A)
    room.run(0.25)
    assert room.sent == 3, "asked, granted, held"
    room.run(10)
    assert room.sent <= 3 + 10 / RENEW_S + 1
    room.sent, room.speaks = 0, True
    room.run(20)
    assert room.sent <= 20 / SPEAKING_RENEW_S + 1
    assert room.floors[B].holder == A
    assert [event for event, _ in room.seen[B]] == [FloorEvent.TAKEN]


names = st.lists(st.sampled_from([A, B, C, "dddd"]), min_size=2, max_size=4, unique=True)
actions = st.lists(
    st.tuples(st.sampled_from(["ask", "release", "wait"]), st.integers(0, 3), st.floats(0.0, 2.0)), max_size=25
)


@settings(max_examples=150, deadline=None)
@given(names, actions, st.integers(0, 2**32))
def test_with_words_that_arrive_nobody_ever_speaks_beside_another(
    names: list[str], actions: list[tuple[str, int, float]], seed: int
) -> None:
    room = members(*names, seed=seed, delay=(0.0, 0.3), double=0.2)
    for what, who, wait in actions:
        name = names[who % len(names)]
        if what != "wait":
            (room.ask if what == "ask" else room.release)(name)
        room.run(wait)
        assert len(room.holders) <= 1
    room.run(CLAIM_S)
    assert room.overlaps == []
    assert not any(room.floors[name].asks for name in names)


@settings(max_examples=150, deadline=None)
@given(names, actions, st.integers(0, 2**32), st.floats(0.0, 0.3), st.booleans())
def test_with_losses_the_floor_is_one_again_soon_and_nobody_is_stuck(
    names: list[str], actions: list[tuple[str, int, float]], seed: int, loss: float, speaks: bool
) -> None:
    room = members(*names, seed=seed, delay=(0.0, 0.3), double=0.2, loss=loss, speaks=speaks)
    for what, who, wait in actions:
        name = names[who % len(names)]
        if what != "wait":
            (room.ask if what == "ask" else room.release)(name)
        room.run(wait)
    room.loss = 0.0
    room.run(RENEW_S + 2 * 0.3)
    assert len(room.holders) <= 1
    killed = room.holders
    room.dead.update(killed)
    room.run(GOAL_S)
    living = [name for name in names if name not in killed]
    assert all(room.floors[name].holder == "" for name in living)
    if living:
        room.ask(living[0])
        room.run(CLAIM_S + 0.01)
        assert room.holders == [living[0]]


def test_asking_again_beats_the_loss_of_words() -> None:
    room = members(A, B, loss=1.0)
    room.ask(A)
    room.run(ASK_AGAIN_S / 2)
    room.loss = 0.0
    room.run(ASK_AGAIN_S + 0.25)
    assert room.holders == [A]
