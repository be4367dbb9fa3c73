"""Announcements: there and back, limits, any bytes."""

from __future__ import annotations

import contextlib

import pytest
from audience import CLOCK_MS, SECRET, SINCE, SPEAKER
from hypothesis import given
from hypothesis import strategies as st

from protocol import envelope
from protocol.audience.announcement import MAX_ANNOUNCEMENT_BYTES, Announced, Body, Envelope, unsigned
from protocol.audience.epochs import Chain, Keys
from protocol.errors import RemoteError, SignalError

numbers = st.integers(0, 2**32 - 1)
members = st.lists(st.tuples(numbers, st.text(max_size=16)), min_size=1, max_size=8)
codebooks = st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=4, max_size=4)), max_size=8).map(tuple)


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    pictures, names = zip(*draw(members), strict=True)
    return Body(draw(numbers), draw(numbers), pictures, names, draw(codebooks))


KEYS = Keys(Chain(SINCE, SECRET), 7)


@given(bodies(), st.booleans(), numbers)
def test_every_announcement_comes_back(body: Body, ends: bool, number: int) -> None:
    announced = Announced(ends, SPEAKER.public, 7, number, CLOCK_MS)
    data = unsigned(announced, body, KEYS, "abcdefgh/a") + bytes(64)
    assert len(data) <= MAX_ANNOUNCEMENT_BYTES
    read = Envelope.parse(data)
    assert read.announced == announced
    assert read.open(KEYS, "abcdefgh/a") == body
    assert read.signed + read.signature == data


@given(st.binary(max_size=1100))
def test_any_bytes_are_taken_apart_or_refused(data: bytes) -> None:
    with contextlib.suppress(RemoteError):
        assert Envelope.parse(data).signed == data[:-64]


@given(
    st.binary(max_size=200)
    | st.lists(st.none() | st.integers() | st.text() | st.lists(st.binary())).map(
        lambda fields: envelope.pack(1, [f if not isinstance(f, int) else f % 2**63 for f in fields])
    )
)
def test_any_body_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(RemoteError):
        assert Body.decode(Body.decode(data).encode()) == Body.decode(data)


def test_a_field_of_a_later_version_is_ignored() -> None:
    data = envelope.pack(1, [1, 2, [0], ["Ann"], [], "new"])
    assert Body.decode(data) == Body(1, 2, (0,), ("Ann",))


@pytest.mark.parametrize(
    "fields",
    [
        [1, 2, [], []],
        [1, 2, [0], ["a", "b"]],
        [1, 2, [0] * 9, ["a"] * 9],
        [1, 2, [0], ["a" * 65]],
        [-1, 2, [0], ["a"]],
        [1, 2, [0], ["a"], [[1, b"abc"]]],
        [1, 2, [0], ["a"], [[1]]],
        [1, 2, [0], ["a"], 5],
        [1, 2, 5, ["a"]],
        [1],
    ],
)
def test_what_no_stage_says_is_refused(fields: list[object]) -> None:
    with pytest.raises(SignalError):
        Body.decode(envelope.pack(1, fields))
