"""Who counts as being there, when a broker plays back whatever it has kept."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from greeting import greet, proven

from protocol.signalling import Hello, PeerJoined, PeerLeft, Reason, Room
from protocol.signalling.liveness import ASK_AGAIN_S, ASKS, DOUBT_S, HELLO_BURST, HELLO_EVERY_S, MAX_STRANGERS
from protocol.signalling.messages import Bye, Carries, Proof, decode, encode
from protocol.signalling.room import MAX_PEERS, ROLL_CALL_S
from protocol.topics import Letter

WATCHER = Carries.PICTURES_IN  # carries no speech: nothing but hellos is said


def hello_of(session: int, **proof: object) -> Hello:
    return Hello(session, f"name {session}", WATCHER, proof=Proof(**proof))  # type: ignore[arg-type]


@dataclass
class Ann:
    """A room of one, on a clock of its own, and what comes of what she hears."""

    now: float = 100.0
    said: list[Hello] = field(default_factory=list)
    said_to: list[str] = field(default_factory=list)
    happened: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.room = Room("anna", Hello(1, "ann", WATCHER), random.Random(1))
        self.room.start(self.now)
        self.drain()

    def hear(self, sender: str, hello: Hello) -> None:
        try:
            self.room.receive(sender, Letter.PRESENCE, encode(hello), self.now)
        finally:
            self.drain()

    def cleared(self, sender: str) -> None:
        self.room.receive(sender, Letter.PRESENCE, b"", self.now)
        self.drain()

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (timer := self.room.get_timer()) is not None and timer <= end:
            self.now = max(self.now, timer)
            self.room.handle_timer(self.now)
            self.drain()
        self.now = end

    def echo(self) -> tuple[int]:
        """What she wants echoed, as everybody knows who has her newest hello."""
        return (self.said[-1].proof.challenge,)

    def drain(self) -> None:
        for outgoing in self.room.outgoing():
            message = decode(outgoing.payload)
            if isinstance(message, Bye) and message.reason is Reason.FULL:
                continue
            assert isinstance(message, Hello)
            self.said.append(message)
            assert outgoing.retain == (not outgoing.addressed)
            self.said_to.append(outgoing.to[0] if outgoing.addressed and outgoing.to is not None else "all")
        for event in self.room.events():
            match event:
                case PeerJoined(peer, hello):
                    self.happened.append((peer, f"joined as {hello.session}"))
                case PeerLeft(peer, reason):
                    self.happened.append((peer, reason.name))


@pytest.fixture
def ann() -> Ann:
    return Ann()


def test_a_hello_without_our_echo_does_not_count(ann: Ann) -> None:
    for number, echoes in enumerate(((), (0,), (7, 8, 9))):
        ann.hear("bobb", hello_of(2, number=number, challenge=5, echoes=echoes))
    assert ann.room.peers == {}
    assert ann.happened == []


def test_who_says_hello_is_asked_and_counts_with_its_answer(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5))
    ann.wait(0.1)
    asking = ann.said[-1].proof
    assert (asking.echoes, asking.asks) == ((5,), (2,))
    ann.hear("bobb", hello_of(2, number=2, challenge=5, echoes=ann.echo()))
    assert ann.happened == [("bobb", "joined as 2")]
    said = len(ann.said)
    ann.wait(60)
    assert len(ann.said) == said


def test_an_old_hello_does_not_make_its_sender_count_after_our_restart() -> None:
    before = Ann()
    kept = hello_of(2, number=9, challenge=5, echoes=before.echo())
    before.hear("bobb", kept)
    assert before.happened == [("bobb", "joined as 2")]
    after = Ann()
    after.room = Room("anna", Hello(3, "ann", WATCHER), random.Random(2))
    after.room.start(after.now)
    after.drain()
    after.hear("bobb", kept)
    after.wait(60)
    assert after.happened == []


def test_an_old_hello_does_not_bring_back_who_left(ann: Ann) -> None:
    hello = hello_of(2, number=1, challenge=5, echoes=ann.echo())
    ann.hear("bobb", hello)
    ann.hear("bobb", hello_of(2, number=2, leaving=True))
    for again in (hello, replace(hello, proof=replace(hello.proof, number=3))):
        ann.hear("bobb", again)
        ann.wait(60)
    assert ann.happened == [("bobb", "joined as 2"), ("bobb", "LEFT")]


def test_an_old_hello_does_not_replace_the_peers_new_session(ann: Ann) -> None:
    first = hello_of(2, number=1, challenge=5, echoes=ann.echo())
    ann.hear("bobb", first)
    greet(ann.room, "bobb", hello_of(3), ann.now)
    ann.drain()
    ann.hear("bobb", first)
    ann.wait(60)
    assert ann.happened == [("bobb", "joined as 2"), ("bobb", "RESTARTED"), ("bobb", "joined as 3")]
    assert ann.room.peers["bobb"].session == 3


def test_an_older_hello_of_the_session_changes_nothing(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=7, challenge=5, echoes=ann.echo()))
    ann.hear("bobb", hello_of(2, number=6, challenge=4, echoes=ann.echo(), asks=(1,)))
    said = len(ann.said)
    ann.wait(10)
    assert len(ann.said) == said
    ann.room.reconnected(ann.now)
    ann.drain()
    assert ann.said[-1].proof.echoes == (5,)


def test_another_who_takes_the_same_name_has_to_prove_it(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    ann.hear("bobb", hello_of(3, number=1, challenge=6))
    assert ann.room.peers["bobb"].session == 2


def test_who_is_silent_is_asked_four_times_for_each_hello(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5))
    ann.wait(60)
    asked = [hello for hello in ann.said if hello.proof.asks == (2,)]
    assert len(asked) == ASKS
    ann.hear("bobb", hello_of(2, number=1, challenge=5))
    ann.wait(60)
    assert ann.said[-1] == asked[-1]
    ann.hear("bobb", hello_of(2, number=2, challenge=5))
    ann.wait(60)
    assert len([hello for hello in ann.said if hello.proof.asks == (2,)]) == 2 * ASKS


def test_who_asks_us_is_answered_also_when_the_answer_was_lost(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    for number in (2, 3):
        ann.wait(ASK_AGAIN_S)
        said = len(ann.said)
        ann.hear("bobb", hello_of(2, number=number, challenge=5, asks=(1,)))
        ann.wait(0.1)
        assert [hello.proof.echoes for hello in ann.said[said:]] == [(5,)]


def test_a_question_that_crossed_our_answer_is_not_answered_twice(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5))
    ann.wait(0.1)
    said = len(ann.said)
    ann.hear("bobb", hello_of(2, number=2, challenge=5, echoes=ann.echo(), asks=(1,)))
    ann.wait(1)
    assert len(ann.said) == said


# -- a presence that was cleared, and a broker that was away


def test_a_forged_clearing_does_nothing_to_who_is_there(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    for number in range(2, 50):
        ann.cleared("bobb")
        ann.wait(DOUBT_S / 2)
        assert ann.said[-1].proof.asks == (2,)
        ann.hear("bobb", hello_of(2, number=number, challenge=5, echoes=ann.echo()))
    assert ann.happened == [("bobb", "joined as 2")]


def test_a_last_will_is_believed_after_a_while(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    ann.cleared("bobb")
    ann.wait(DOUBT_S - 0.1)
    ann.cleared("bobb")
    assert ann.happened == [("bobb", "joined as 2")]
    ann.wait(0.2)
    assert ann.happened == [("bobb", "joined as 2"), ("bobb", "LEFT")]


def test_a_kept_hello_does_not_speak_against_a_last_will(ann: Ann) -> None:
    """Nor does one that was made before the presence was cleared, but was withheld."""
    hello = hello_of(2, number=1, challenge=5, echoes=ann.echo())
    ann.hear("bobb", hello)
    ann.cleared("bobb")
    ann.hear("bobb", hello)
    ann.hear("bobb", replace(hello, proof=replace(hello.proof, number=2)))
    ann.wait(DOUBT_S)
    assert ann.happened[-1] == ("bobb", "LEFT")


def test_after_an_outage_everybody_has_to_prove_it_anew(ann: Ann) -> None:
    hello = hello_of(2, number=1, challenge=5, echoes=ann.echo())
    ann.hear("bobb", hello)
    ann.hear("carl", hello_of(3, number=1, challenge=6, echoes=ann.echo()))
    ann.room.reconnected(ann.now)
    ann.drain()
    ann.hear("bobb", replace(hello, proof=replace(hello.proof, number=2)))  # made while the broker was away
    ann.hear("carl", hello_of(3, number=2, challenge=6, echoes=ann.echo()))
    ann.wait(ROLL_CALL_S)
    assert ann.happened[2:] == [("bobb", "LEFT")]


def test_a_goodbye_is_believed_at_once_but_only_of_the_session_that_is_here(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    ann.hear("bobb", hello_of(9, number=3, leaving=True))
    assert ann.room.peers
    ann.hear("bobb", hello_of(2, number=2, leaving=True))
    assert ann.happened[-1] == ("bobb", Reason.LEFT.name)


def test_our_presence_that_somebody_clears_is_there_again(ann: Ann) -> None:
    ann.cleared("anna")
    ann.wait(0.1)
    assert [hello.proof.number for hello in ann.said] == [1, 2]


# -- floods


def test_kept_hellos_of_a_thousand_sessions_do_not_add_up(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    for number in range(1000):
        ann.hear(f"bo{number % 10}{number // 10 % 10}", hello_of(100 + number, number=1, challenge=number))
        ann.wait(0.01)
    assert ann.room.liveness.remembered <= 1 + MAX_STRANGERS
    assert ann.room.liveness.asked <= MAX_STRANGERS
    assert len(ann.said) <= 1 + HELLO_BURST + 10 / HELLO_EVERY_S + 1
    assert list(ann.room.peers) == ["bobb"]


def test_cleared_presences_by_the_thousand_are_few_hellos_of_ours(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5, echoes=ann.echo()))
    for _ in range(1000):
        for sender in ("anna", "bobb", "carl"):
            ann.cleared(sender)
        ann.wait(0.001)
    assert len(ann.said) <= 1 + HELLO_BURST


def test_a_newcomer_is_heard_among_kept_hellos(ann: Ann) -> None:
    """They push his question out, but his answer to our challenge needs nothing that is remembered."""
    for number in range(100):
        ann.hear("bobb", hello_of(100 + number, number=1, challenge=number))
    ann.hear("carl", hello_of(3, number=1, challenge=6, echoes=ann.echo()))
    assert ann.happened == [("carl", "joined as 3")]


def test_who_finds_the_room_full_is_echoed_but_not_remembered_for_ever(ann: Ann) -> None:
    for number in range(MAX_PEERS):
        greet(ann.room, f"bob{'abcdefg'[number]}", hello_of(10 + number), ann.now)
    for number in range(100):
        ann.hear("carl", proven(ann.room, hello_of(100 + number)))
    ann.room.reconnected(ann.now)
    ann.drain()
    assert 200 in ann.said[-1].proof.echoes
    assert len(ann.said[-1].proof.echoes) <= MAX_PEERS + MAX_STRANGERS
    assert len(ann.said[-1].proof.asks) <= MAX_PEERS


# -- hellos for one alone


def reader_of(session: int, **proof: object) -> Hello:
    """A hello of a program that takes hellos for it alone."""
    return replace(hello_of(session, **proof), carries=WATCHER | Carries.ADDRESSED_HELLOS)


def test_a_newcomer_is_answered_alone_with_what_concerns_it(ann: Ann) -> None:
    ann.hear("bobb", hello_of(2, number=1, challenge=5))
    ann.hear("carl", hello_of(3, number=1, challenge=6))
    ann.wait(0.1)
    ann.hear("dave", reader_of(4, number=1, challenge=7))
    ann.wait(0.1)
    assert ann.said_to[-2:] == ["all", "dave"]
    assert (ann.said[-1].proof.echoes, ann.said[-1].proof.asks) == ((7,), (4,))
    assert ann.said[-1].proof.number == ann.said[-2].proof.number + 1
    ann.hear("dave", reader_of(4, number=2, challenge=7, echoes=ann.echo()))
    assert ann.happened == [("dave", "joined as 4")]


def test_who_did_not_get_the_hello_for_it_alone_gets_one_with_everybody(ann: Ann) -> None:
    ann.hear("dave", reader_of(4, number=1, challenge=7))
    ann.wait(ASK_AGAIN_S * ASKS)
    assert ann.said_to == ["all", "dave"] + ["all"] * (ASKS - 1)
    ann.hear("dave", reader_of(4, number=2, challenge=7, asks=(1,)))
    ann.wait(0.1)
    assert ann.said_to[-1] == "all"


def test_two_newcomers_at_once_get_one_hello(ann: Ann) -> None:
    for name, session in (("bobb", 2), ("dave", 4)):
        ann.hear(name, reader_of(session, number=1, challenge=session))
    ann.wait(0.1)
    assert ann.said_to == ["all", "all"]
    assert ann.said[-1].proof.echoes == (2, 4)


def test_a_question_is_not_answered_twice_though_others_were_answered_since(ann: Ann) -> None:
    for name, session in (("bobb", 2), ("dave", 4)):
        ann.hear(name, reader_of(session, number=1, challenge=session))
        ann.wait(0.1)
    ann.hear("bobb", reader_of(2, number=2, challenge=2, asks=(1,)))  # it crossed our hello
    ann.wait(0.1)
    assert ann.said_to == ["all", "bobb", "dave"]


def test_after_an_outage_a_hello_is_for_everybody_whoever_asked_before(ann: Ann) -> None:
    ann.hear("dave", reader_of(4, number=1, challenge=7))
    ann.room.reconnected(ann.now)
    ann.drain()
    assert ann.said_to == ["all", "all"]
    ann.wait(0.1)
    assert ann.said[-1].proof.echoes == (7,)
