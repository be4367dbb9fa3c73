"""Rooms as links: there and back, slips of the tongue, and nothing of the secret in any error."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.room_link import MAX_BROKER, SCHEME, RoomLink, is_link
from protocol.room_secret import RoomSecret

SECRET = RoomSecret(bytes(range(16)))
CODE = "000G4-0R40M-30E20-9185G-R38E1-YNHGW"
BROKER = "mqtts://ann:pass%20word@broker.example.org:8884"

secrets = st.binary(min_size=16, max_size=16).map(RoomSecret)
brokers = st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=MAX_BROKER)


@given(secrets, brokers)
def test_every_room_comes_back(secret: RoomSecret, broker: str | None) -> None:
    link = RoomLink(secret, broker)
    assert RoomLink.parse(link.reveal()) == link
    assert is_link(link.reveal())


def test_a_link_that_was_ever_given_out_stays_good() -> None:
    assert RoomLink(SECRET).reveal() == f"pictophone:{CODE}"
    assert RoomLink(SECRET, BROKER).reveal() == f"pictophone:{CODE}@{BROKER}"


def test_a_link_without_login_means_nothing_to_a_shell() -> None:
    link = RoomLink(SECRET, "mqtts://ann@[2001:db8::1]:8884").reveal()
    assert re.fullmatch(r"[A-Za-z0-9:/@.\-]+", RoomLink(SECRET, "broker.example.org:8883").reveal())
    assert not set(link) & set("?*#&;|<>$`\"'\\!~ ")


@pytest.mark.parametrize(
    "said",
    [
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        CODE.replace("0", "O"),
        CODE.replace("1", "l"),
        CODE.replace("1", "I"),
        f"  {CODE}\n",
        f"PICTOPHONE:{CODE}",
        f"pictophone: {CODE.replace('-', ' - ')}",
    ],
)
def test_it_may_be_written_down_as_it_was_heard(said: str) -> None:
    assert RoomLink.parse(said).secret == SECRET


def refused(text: str) -> str:
    with pytest.raises(ValueError) as caught:
        RoomLink.parse(text)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("place", [index for index, character in enumerate(CODE) if character != "-"])
def test_one_character_misheard_is_noticed(place: int) -> None:
    for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".replace(CODE[place], ""):
        assert "compare its 6 groups" in refused(CODE[:place] + other + CODE[place + 1 :])


def test_two_neighbours_swapped_are_noticed() -> None:
    plain = CODE.replace("-", "")
    for place in range(len(plain) - 1):
        swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
        if swapped != plain:
            assert "compare its 6 groups" in refused(swapped)


@pytest.mark.parametrize("length", [0, 1, 29, 31, 1000])
def test_it_says_how_many_are_missing_or_too_many(length: int) -> None:
    assert f"30 letters and digits, not {length};" in refused(SCHEME + "7" * length)


def test_it_says_which_character_is_none() -> None:
    assert "character 8 of" in refused(CODE[:8] + "U" + CODE[9:])


@pytest.mark.parametrize("broker", ["", "a b", "bröker", "x\x00", "x" * (MAX_BROKER + 1)])
def test_it_says_what_is_wrong_with_the_broker(broker: str) -> None:
    assert "'@'" in refused(f"{SCHEME}{CODE}@{broker}" if broker != "" else f"{SCHEME}{CODE}@")


@given(st.text() | st.text().map(SCHEME.__add__) | st.text("0123ABCabcOIL- @:", max_size=60).map(SCHEME.__add__))
def test_any_text_is_a_link_or_one_line(text: str) -> None:
    try:
        link = RoomLink.parse(text)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert RoomLink.parse(link.reveal()) == link


@given(st.text("23456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=4, max_size=60))
def test_an_error_repeats_nothing_of_the_link(text: str) -> None:
    try:
        RoomLink.parse(SCHEME + text)
    except ValueError as error:
        assert text not in str(error)


def test_what_means_to_be_a_link() -> None:
    assert is_link("Pictophone:x")
    assert is_link(CODE)
    assert is_link(f"{CODE.lower()}@h")
    assert not is_link("treehouse")
    assert not is_link("four words make a passphrase")
    assert not is_link("")


def test_it_does_not_show_itself() -> None:
    shown = f"{RoomLink(SECRET, BROKER)!r} {RoomLink(SECRET, BROKER)}"
    assert CODE not in shown
    assert "pass" not in shown
