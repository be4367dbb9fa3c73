"""Twelve words for a room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.rooms import words
from protocol.errors import UsageError
from protocol.room_secret import RoomSecret

# The first of BIP-39's own test vectors, and another.
VECTORS = {
    "00" * 16: "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    "7f" * 16: "legal winner thank year wave sausage worth useful legal winner thank yellow",
}


@pytest.mark.parametrize(("secret", "spelt"), VECTORS.items())
def test_they_are_those_of_bip_39(secret: str, spelt: str) -> None:
    assert words.to_mnemonic(RoomSecret(bytes.fromhex(secret))) == spelt
    assert words.from_mnemonic(spelt).reveal().hex() == secret


@given(st.binary(min_size=16, max_size=16).map(RoomSecret))
def test_every_secret_comes_back(secret: RoomSecret) -> None:
    spelt = words.to_mnemonic(secret)
    assert words.looks_like_mnemonic(spelt)
    assert words.from_mnemonic(f" {spelt.upper()}\n".replace(" ", "  ")) == secret


def test_a_word_that_is_none_is_counted_and_not_repeated() -> None:
    spelt = VECTORS["7f" * 16].replace("year", "yeer")
    assert words.looks_like_mnemonic(spelt)
    with pytest.raises(UsageError, match="word 4 of the room's words") as caught:
        words.from_mnemonic(spelt)
    assert "yeer" not in str(caught.value)


def test_a_wrong_order_is_noticed() -> None:
    spelt = VECTORS["7f" * 16].replace("legal winner thank year", "winner legal thank year")
    with pytest.raises(UsageError, match="their order") as caught:
        words.from_mnemonic(spelt)
    assert "winner" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "abandon", "abandon " * 11, "abandon " * 13, "the quick brown fox is jumping over the lazy dog at noon"],
)
def test_what_means_to_be_something_else(text: str) -> None:
    assert not words.looks_like_mnemonic(text)
