"""An audience as a link: there and back, slips, and no confusion with a room's."""

from __future__ import annotations

import pytest
from audience import LINK
from hypothesis import given
from hypothesis import strategies as st

from protocol.audience.audience_link import AUDIENCE_SCHEME, AudienceLink, is_audience_link
from protocol.room_link import RoomLink, is_link
from protocol.room_secret import RoomSecret

links = st.builds(
    AudienceLink,
    st.integers(0, 2**24 - 1),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32),
    st.none() | st.just("mqtts://broker.example.org:8884"),
)
GOLDEN = (
    "pictophone-audience:0YE9T-00108-1G818-60W40-J2GB1-G6GW3-TP8X"
    "D-AEN33-8X605-1EZBP-ZJQJN-Q7PK5-2DC87-7MVEX-41PBN-B21VG-HHX1H"
)
CODE = LINK.reveal().removeprefix(AUDIENCE_SCHEME)


@given(links)
def test_every_link_comes_back(link: AudienceLink) -> None:
    assert AudienceLink.parse(link.reveal()) == link
    assert AudienceLink.parse(link.reveal().lower()) == link


def test_a_link_that_was_ever_given_out_stays_good() -> None:
    assert LINK.reveal() == GOLDEN
    assert LINK.audience == "w3aedlwy"


def test_it_is_no_link_of_a_room_nor_the_other_way_round() -> None:
    room = RoomLink(RoomSecret(bytes(16))).reveal()
    assert not is_link(LINK.reveal())
    assert not is_audience_link(room)
    with pytest.raises(ValueError, match="not the link of an audience"):
        AudienceLink.parse(room)
    with pytest.raises(ValueError):
        RoomLink.parse(LINK.reveal())


def test_it_shows_neither_secret_nor_broker() -> None:
    link = AudienceLink(LINK.since, LINK.secret, LINK.speaker, "mqtt://ann:pass@h")
    assert "pass" not in repr(link)
    assert repr(LINK.secret) not in repr(link)


@pytest.mark.parametrize("place", range(0, len(CODE), 7))
def test_a_slip_is_noticed(place: int) -> None:
    if CODE[place] != "-":
        other = "8" if CODE[place] != "8" else "9"
        with pytest.raises(ValueError, match="compare its 17 groups"):
            AudienceLink.parse(AUDIENCE_SCHEME + CODE[:place] + other + CODE[place + 1 :])


@pytest.mark.parametrize("broker", ["", "a b", "x" * 513, "ü"])
def test_a_broker_that_is_none_is_refused(broker: str) -> None:
    with pytest.raises(ValueError, match="no broker"):
        AudienceLink.parse(f"{AUDIENCE_SCHEME}{CODE}@{broker}")


@given(st.text() | st.text("0123ABCabcOIL- @:", max_size=120).map(AUDIENCE_SCHEME.__add__))
def test_any_text_is_a_link_or_one_line(text: str) -> None:
    try:
        link = AudienceLink.parse(text)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert AudienceLink.parse(link.reveal()) == link
