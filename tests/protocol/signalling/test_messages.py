from __future__ import annotations

import contextlib
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.captions import CodebookId
from protocol.errors import SignalError, VersionError
from protocol.signalling.messages import (
    MAX_MESSAGE_BYTES,
    MAX_NAME_BYTES,
    Answer,
    Bye,
    Carries,
    Hello,
    Message,
    Offer,
    Proof,
    Reason,
    decode,
    encode,
)

u32, u64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
nodes = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=2, max_size=4)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
messages = st.one_of(
    st.builds(
        Hello,
        session=u64,
        name=st.text(max_size=MAX_NAME_BYTES // 4),
        carries=st.integers(0, 15).map(Carries),
        codecs=st.lists(st.integers(0, 255), max_size=15).map(tuple),
        codebooks=st.lists(
            st.builds(CodebookId, st.integers(0, 2**16 - 1), st.binary(min_size=4, max_size=4)), max_size=15
        ).map(tuple),
        proof=st.builds(
            Proof,
            number=u32,
            challenge=u64,
            echoes=st.lists(u64, max_size=15).map(tuple),
            asks=st.lists(u64, max_size=15).map(tuple),
            oldest=st.tuples(u32, st.just(2**32), u32),
            leaving=st.booleans(),
        ),
    ),
    st.builds(Offer, target=nodes, call_id=u32, description=st.binary(max_size=600)),
    st.builds(
        Answer,
        target=nodes,
        call_id=u32,
        description=st.binary(max_size=600),
        offer=st.binary(min_size=16, max_size=16),
    ),
    st.builds(Bye, target=nodes, call_id=u32, reason=st.sampled_from(Reason)),
)


@given(messages)
def test_a_message_is_read_back(message: Message) -> None:
    assert decode(encode(message)) == message


def test_the_bytes_are_pinned() -> None:
    assert encode(Hello(5, "Ada", Carries.EVERYTHING, (0, 1))).hex() == "950105a34164610f920001"
    with_codebook = Hello(5, "Ada", Carries.EVERYTHING, (0, 1), (CodebookId(1, b"hash"),))
    assert encode(with_codebook).hex() == "960105a34164610f920001919201c40468617368"
    proof = Proof(1, 2, (3,), (4,), (5, 6, 7), leaving=True)
    assert encode(Hello(5, "Ada", proof=proof)).hex() == "9c0105a34164610f91009001029103910493050607c3"
    assert encode(Offer("ab", 5, b"sdp")).hex() == "9402a2616205c403736470"
    assert encode(Answer("ab", 5, b"sdp", bytes(16))).hex() == "9503a2616205c403736470c410" + 32 * "0"
    assert encode(Bye("ab", 5, Reason.LOST)).hex() == "9404a261620501"


def test_a_hello_may_say_that_lyra_is_taken() -> None:
    hello = Hello(5, "Ada", Carries.EVERYTHING | Carries.LYRA_IN)
    assert decode(encode(hello)) == hello
    assert len(encode(hello)) == len(encode(Hello(5, "Ada")))


def test_what_a_later_program_adds_is_ignored() -> None:
    assert decode(
        msgpack.packb(
            [1, 5, "Ada", 0x1080005, [0], [], 0, 0, [], [], [0, 0, 0, 7, "new"], False, [False, [], [], "new"], 1]
        )
    ) == Hello(5, "Ada", Carries(5), (0,), proof=Proof(oldest=(0, 0, 0, 7)))
    books = [[1, b"hash", "new"]]
    assert decode(msgpack.packb([1, 5, "Ada", 0, [0], books])).codebooks == (CodebookId(1, b"hash"),)
    assert decode(msgpack.packb([4, "ab", 5, 99])) == Bye("ab", 5, Reason.LEFT)


def test_an_older_hello_names_no_speech() -> None:
    told = msgpack.packb([1, 5, "Ada", 15, [0], [], 1, 2, [], [], [3, 4, 5], False])
    assert decode(told) == Hello(5, "Ada", Carries.EVERYTHING, (0,), proof=Proof(1, 2, oldest=(3, 4, 5)))


def test_a_hello_needs_only_its_session() -> None:
    assert decode(msgpack.packb([1, 5])) == Hello(5, "", Carries.NOTHING, ())


def test_an_old_hello_has_no_codebooks() -> None:
    assert decode(msgpack.packb([1, 5, "Ada", 15, [0, 1]])) == Hello(5, "Ada", Carries.EVERYTHING, (0, 1), ())


def test_a_newer_version_says_so() -> None:
    with pytest.raises(VersionError):
        decode(msgpack.packb([1 << 4 | 1]))


@pytest.mark.parametrize(
    "message",
    [
        [1],
        [1, -1],
        [1, True],
        [1, 5, b"bytes"],
        [1, 5, "x" * (MAX_NAME_BYTES + 1)],
        [1, 5, "", -1],
        [1, 5, "", 0, 7],
        [1, 5, "", 0, [256]],
        [1, 5, "", 0, ["0"]],
        [1, 5, "", 0, [0], 7],
        [1, 5, "", 0, [0], [7]],
        [1, 5, "", 0, [0], [[]]],
        [1, 5, "", 0, [0], [[1]]],
        [1, 5, "", 0, [0], [[1, "hash"]]],
        [1, 5, "", 0, [0], [[1, b"short"]]],
        [1, 5, "", 0, [0], [[1, b"h"]]],
        [1, 5, "", 0, [0], [[2**16, b"hash"]]],
        [1, 5, "", 0, [0], [[1, b"hash"]] * 16],
        [2, "ab", 5],
        [2, "abcde", 5, b""],
        [2, 7, 5, b""],
        [2, "ab", 2**32, b""],
        [3, "ab", 5, "text"],
        [4, "ab", 5],
        [4, "ab", 5, None],
        [9, "ab"],
        ["1"],
    ],
)
def test_bad_messages_are_refused(message: Any) -> None:
    with pytest.raises(SignalError):
        decode(msgpack.packb(message))


def test_a_long_message_is_refused() -> None:
    with pytest.raises(SignalError):
        decode(bytes(MAX_MESSAGE_BYTES + 1))


def test_an_invalid_message_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="name"):
        Hello(5, "ü" * MAX_NAME_BYTES)
    with pytest.raises(ValueError, match="codecs"):
        Hello(5, codecs=tuple(range(16)))
    with pytest.raises(ValueError, match="codebooks"):
        Hello(5, codebooks=(CodebookId(1, b"hash"),) * 16)


def test_the_longest_hello_fits() -> None:
    books = tuple(CodebookId(2**16 - 1 - number, b"hash") for number in range(15))
    longest = Hello(2**32 - 1, "x" * MAX_NAME_BYTES, Carries.EVERYTHING, tuple(range(241, 256)), books)
    assert decode(encode(longest)) == longest
    assert len(encode(longest)) < MAX_MESSAGE_BYTES


@given(st.binary(max_size=64))
def test_any_bytes_parse_or_raise(data: bytes) -> None:
    with contextlib.suppress(SignalError, VersionError):
        decode(data)


@given(st.lists(st.lists(leaves, max_size=3) | leaves, max_size=3) | leaves, st.lists(leaves, max_size=2))
def test_any_codebooks_parse_or_raise(books: Any, more: list[Any]) -> None:
    with contextlib.suppress(SignalError, VersionError):
        hello = decode(bytes(msgpack.packb([1, 5, "Ada", 15, [0], books, *more])))
        assert isinstance(hello, Hello)
        assert all(len(book.hash) == 4 for book in hello.codebooks)


@given(messages, st.data())
def test_any_damage_parses_or_raises(message: Message, data: st.DataObject) -> None:
    damaged = bytearray(encode(message))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SignalError, VersionError):
        decode(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
