"""Keys by the hour: the ratchet turns one way."""

from __future__ import annotations

import pytest

from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.errors import SealError

SECRET = bytes(range(16))


def test_an_epoch_is_an_hour_of_unix_time() -> None:
    assert [epoch_of(ms) for ms in (0, 3_599_999, 3_600_000)] == [0, 0, 1]


def test_its_secrets_are_those_that_they_ever_were() -> None:
    chain = Chain(10, SECRET)
    assert chain.secret_of(10) == SECRET
    assert chain.secret_of(11).hex() == "6a690f71a279eec991727f025cc8d10e"
    assert chain.secret_of(1000).hex() == "a4fdf817370da6fe6ffdf5c6233ccf8d"


def test_it_does_not_matter_where_one_begins() -> None:
    chain = Chain(10, SECRET)
    assert Chain(20, chain.secret_of(20)).secret_of(25) == chain.secret_of(25)


def test_what_was_forgotten_is_gone() -> None:
    chain = Chain(10, SECRET)
    later = chain.secret_of(12)
    chain.forget_before(12)
    assert (chain.since, chain.secret_of(12)) == (12, later)
    with pytest.raises(SealError):
        chain.secret_of(11)
    chain.forget_before(11)
    assert chain.since == 12


def test_no_key_of_an_hour_that_was_forgotten_is_kept() -> None:
    chain = Chain(10, SECRET)
    keys = Keys(chain, 1)
    sealed = keys.seal(10, "abcdefgh/v", 0, b"words")
    assert keys.open(10, "abcdefgh/v", 0, sealed) == b"words"
    chain.forget_before(11)
    with pytest.raises(SealError):
        keys.open(10, "abcdefgh/v", 0, sealed)


def test_an_hour_far_in_the_future_costs_nothing() -> None:
    chain = Chain(10, SECRET)
    with pytest.raises(SealError):
        chain.secret_of(1 << 24)
    chain.forget_before(1 << 24)
    assert chain.since == 10


def test_every_epoch_session_purpose_and_number_has_its_own_seal() -> None:
    sealed = {
        Keys(Chain(10, SECRET), session).seal(epoch, f"abcdefgh/{purpose}", number, b"words")
        for session in (1, 2)
        for epoch in (10, 11)
        for purpose in ("a", "v", "p0", "p1", "t")
        for number in (0, 1)
    }
    assert len(sealed) == 40


@pytest.mark.parametrize(
    ("session", "epoch", "topic", "number"),
    [
        (2, 10, "abcdefgh/v", 0),
        (1, 11, "abcdefgh/v", 0),
        (1, 9, "abcdefgh/v", 0),
        (1, 10, "abcdefgi/v", 0),
        (1, 10, "abcdefgh/t", 0),
        (1, 10, "abcdefgh/v", 1),
    ],
)
def test_nothing_opens_elsewhere(session: int, epoch: int, topic: str, number: int) -> None:
    sealed = Keys(Chain(10, SECRET), 1).seal(10, "abcdefgh/v", 0, b"words")
    assert Keys(Chain(10, SECRET), 1).open(10, "abcdefgh/v", 0, sealed) == b"words"
    with pytest.raises(SealError):
        Keys(Chain(10, SECRET), session).open(epoch, topic, number, sealed)


def test_many_keys_are_not_kept() -> None:
    keys = Keys(Chain(10, SECRET), 1)
    for epoch in range(10, 200):
        keys.seal(epoch, "abcdefgh/v", 0, b"")
        assert keys.kept <= 64
