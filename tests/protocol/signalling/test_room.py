"""One room, fed by hand."""

from __future__ import annotations

import contextlib
import random

import pytest
from greeting import greet
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import SignalError, VersionError
from protocol.signalling import (
    ApplyAnswer,
    EndCall,
    Hello,
    MakeAnswer,
    MakeOffer,
    Outgoing,
    Reason,
    Room,
    RoomIsFull,
)
from protocol.signalling.messages import Answer, Bye, Offer, Proof, decode, encode, offer_hash
from protocol.signalling.peer_call import OFFER_GRACE_S
from protocol.signalling.room import MAX_PEERS
from protocol.signalling.sdp_compression import pack_description
from protocol.signalling.states import State
from protocol.topics import Letter

OFFER = offer_hash(pack_description("offer"))


def test_a_full_room_says_so() -> None:
    room = Room("aaaa", Hello(1))
    for index in range(MAX_PEERS):
        greet(room, f"bbb{index + 2}", Hello(index), 0)
    room.outgoing()
    greet(room, "cccc", Hello(9), 0)
    assert "cccc" not in room.peers
    refusals = [message for message in room.outgoing() if message.letter == Letter.SIGNAL]
    assert [(decode(message.payload), message.to) for message in refusals] == [
        (Bye("cccc", 0, Reason.FULL), ("cccc", 9))
    ]
    greet(room, "cccc", Hello(9), 1, number=1)
    assert [message for message in room.outgoing() if message.letter == Letter.SIGNAL] == []


def test_most_have_to_say_so() -> None:
    room = Room("aaaa", Hello(1))
    for index in range(MAX_PEERS):
        greet(room, f"bbb{index + 2}", Hello(index), 0)
    refusal = encode(Bye("aaaa", 0, Reason.FULL))
    room.events()
    for index in (0, 1, 2, 2):
        room.receive(f"bbb{index + 2}", Letter.SIGNAL, refusal, 1)
    room.receive("cccc", Letter.SIGNAL, refusal, 1)
    assert room.events() == []
    room.receive("bbb2", Letter.SIGNAL, encode(Offer("aaaa", 5, pack_description("come in"))), 2)
    room.receive("bbb5", Letter.SIGNAL, refusal, 3)
    assert RoomIsFull() not in room.events()
    room.receive("bbb6", Letter.SIGNAL, refusal, 3)
    room.receive("bbb7", Letter.SIGNAL, refusal, 3)
    assert room.events() == [RoomIsFull()]


def test_the_larger_id_offers_when_the_smaller_does_not() -> None:
    room = Room("bbbb", Hello(1))
    greet(room, "aaaa", Hello(2), 10)
    assert room.state("aaaa") is State.WAITING
    assert room.get_timer() == 10 + OFFER_GRACE_S
    room.handle_timer(10 + OFFER_GRACE_S)
    assert any(isinstance(event, MakeOffer) for event in room.events())


def test_a_stale_answer_is_ignored() -> None:
    room = Room("aaaa", Hello(1), random.Random(1))
    greet(room, "bbbb", Hello(2), 0)
    call_id = room.events()[-1].call_id  # type: ignore[union-attr]
    room.described("bbbb", call_id, "offer", 0)
    room.receive("bbbb", Letter.SIGNAL, encode(Answer("aaaa", call_id ^ 1, pack_description("stale"), OFFER)), 0)
    room.receive("bbbb", Letter.SIGNAL, encode(Answer("cccc", call_id, pack_description("not for us"), OFFER)), 0)
    assert (room.events(), room.state("bbbb")) == ([], State.OFFERED)
    room.receive("bbbb", Letter.SIGNAL, encode(Answer("aaaa", call_id, pack_description("right"), OFFER)), 0)
    assert room.events() == [ApplyAnswer("bbbb", call_id, "right")]


def test_an_answer_to_another_offer_is_refused() -> None:
    """Even of the same call id: its description would be of another certificate's maker."""
    room = Room("aaaa", Hello(1), random.Random(1))
    greet(room, "bbbb", Hello(2), 0)
    call_id = room.events()[-1].call_id  # type: ignore[union-attr]
    room.described("bbbb", call_id, "offer", 0)
    for other in (offer_hash(pack_description("another offer")), bytes(16)):
        answer = Answer("aaaa", call_id, pack_description("answer"), other)
        with pytest.raises(SignalError, match="not ours"):
            room.receive("bbbb", Letter.SIGNAL, encode(answer), 0)
    assert (room.events(), room.state("bbbb")) == ([], State.OFFERED)


def test_an_offer_changed_under_its_call_id_gets_no_answer_of_the_first() -> None:
    room = Room("bbbb", Hello(1), random.Random(1))
    greet(room, "aaaa", Hello(2), 0)
    offered = pack_description("offer")
    room.receive("aaaa", Letter.SIGNAL, encode(Offer("bbbb", 5, offered)), 0)
    room.described("aaaa", 5, "answer", 0)
    answer = decode(room.outgoing()[-1].payload)
    assert answer == Answer("aaaa", 5, pack_description("answer"), offer_hash(offered))
    room.receive("aaaa", Letter.SIGNAL, encode(Offer("bbbb", 5, pack_description("changed"))), 0)
    assert room.outgoing() == []


def test_a_stale_description_is_ignored() -> None:
    room = Room("aaaa", Hello(1), random.Random(1))
    greet(room, "bbbb", Hello(2), 0)
    room.outgoing()
    room.described("bbbb", 7, "of another call", 0)
    room.described("cccc", 7, "of a stranger", 0)
    room.connected("bbbb", 7, 0)
    room.lost("bbbb", 7, 0)
    assert (room.outgoing(), room.state("bbbb")) == ([], State.PREPARING_OFFER)


def test_after_the_goodbye_nothing_is_taken() -> None:
    room = Room("aaaa", Hello(1))
    room.leave(0)
    farewell, cleared = room.outgoing()
    assert decode(farewell.payload).proof.leaving  # type: ignore[union-attr]
    assert (farewell.retain, cleared) == (False, Outgoing(Letter.PRESENCE, b"", retain=True))
    greet(room, "bbbb", Hello(2), 0)
    room.receive("aaaa", Letter.PRESENCE, b"", 0)
    assert (room.events(), room.outgoing()) == ([], [])


def test_our_own_messages_are_ignored() -> None:
    room = Room("aaaa", Hello(1))
    room.start(0)
    (hello,) = room.outgoing()
    room.receive("aaaa", Letter.PRESENCE, hello.payload, 0)
    room.receive("aaaa", Letter.SIGNAL, encode(Bye("aaaa", 5, Reason.LEFT)), 0)
    assert (room.events(), room.outgoing(), room.peers) == ([], [], {})


def test_our_own_last_will_is_contradicted() -> None:
    """After a short outage the broker may send the will of our old connection when the new one is up."""
    room = Room("aaaa", Hello(1))
    room.start(0)
    (hello,) = room.outgoing()
    room.receive("aaaa", Letter.PRESENCE, b"", 0)
    room.handle_timer(1)
    (again,) = room.outgoing()
    assert (again.letter, again.retain) == (Letter.PRESENCE, True)
    assert decode(again.payload).proof.number == decode(hello.payload).proof.number + 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("letter", "payload"),
    [
        (Letter.PRESENCE, b"\xc1"),
        (Letter.PRESENCE, encode(Bye("aaaa", 5, Reason.LEFT))),
        (Letter.SIGNAL, encode(Hello(3))),
        (Letter.SIGNAL, b""),
        (Letter.SIGNAL, encode(Offer("aaaa", 5, b"no deflate"))),
        (Letter.SIGNAL, encode(Answer("aaaa", 5, b"no deflate", OFFER))),
        (Letter.TEXT, encode(Hello(3))),
    ],
)
def test_bad_messages_touch_no_state(letter: Letter, payload: bytes) -> None:
    room = Room("aaaa", Hello(1))
    greet(room, "bbbb", Hello(2), 0)
    room.events()
    before = room.state("bbbb"), room.get_timer()
    with pytest.raises(SignalError):
        room.receive("bbbb", letter, payload, 1)
    assert (room.state("bbbb"), room.get_timer(), room.events(), room.outgoing()) == (*before, [], [])


def test_a_newer_hello_says_so() -> None:
    with pytest.raises(VersionError):
        Room("aaaa", Hello(1)).receive("bbbb", Letter.PRESENCE, b"\x91\x11", 0)


OURS = offer_hash(pack_description("ours"))
# FewIds draws one of these as the challenge.
ALL = st.sampled_from([(0, 1, 2, 3), (0,), ()])
messages = st.one_of(
    st.builds(Hello, session=st.integers(0, 2), proof=st.builds(Proof, number=st.integers(0, 3), echoes=ALL)),
    st.builds(Offer, st.just("aaaa"), st.integers(0, 4), st.just(pack_description("offer"))),
    st.builds(Answer, st.just("aaaa"), st.integers(0, 4), st.just(pack_description("answer")), st.just(OURS)),
    st.builds(Bye, st.just("aaaa"), st.integers(0, 4), st.sampled_from(Reason)),
)
inputs = st.one_of(
    st.tuples(st.just("message"), messages.map(encode) | st.binary(max_size=12)),
    st.tuples(st.sampled_from(["described", "connected", "lost"]), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.floats(0, 30)),
)


class FewIds(random.Random):
    """Draws call ids so small that fuzzing hits them."""

    def getrandbits(self, bits: int, /) -> int:
        return super().getrandbits(2)


@settings(max_examples=200)
@given(st.sampled_from(["2222", "zzzz"]), st.lists(inputs, max_size=40))
def test_whatever_comes_every_call_that_begins_ends(peer: str, steps: list[tuple[str, bytes | int | float]]) -> None:
    room, now, calls = Room("aaaa", Hello(1), FewIds(1)), 0.0, []
    for step, value in [*steps, ("leave", 0)]:
        match step, value:
            case "message", bytes(payload):
                letter = Letter.PRESENCE if payload[1:2] == b"\x01" or not payload else Letter.SIGNAL
                with contextlib.suppress(SignalError, VersionError):
                    room.receive(peer, letter, payload, now)
            case "wait", float(pause):
                now += pause
                if (timer := room.get_timer()) is not None and timer <= now:
                    room.handle_timer(now)
            case "described", int(call_id):
                room.described(peer, call_id, "ours", now)
            case "connected", int(call_id):
                room.connected(peer, call_id, now)
            case "lost", int(call_id):
                room.lost(peer, call_id, now)
            case _:
                room.leave(now)
        for event in room.events():
            match event:
                case MakeOffer(_, call_id) | MakeAnswer(_, call_id):
                    calls.append(call_id)
                case EndCall(_, call_id):
                    calls.remove(call_id)
                case ApplyAnswer(_, call_id):
                    assert call_id in calls
        assert len(calls) <= 1
        for message in room.outgoing():
            assert not message.payload or decode(message.payload)
    assert calls == []
