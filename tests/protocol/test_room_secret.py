"""A room's secret does not show itself."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import topics
from protocol.room_secret import SECRET_BYTES, RoomSecret

BYTES = bytes(range(0x41, 0x51))  # ABCDEFGHIJKLMNOP: would be seen in any text
SECRET = RoomSecret(BYTES)


@dataclasses.dataclass(frozen=True)
class Holder:
    room: RoomSecret


def test_no_text_of_it_shows_the_bytes() -> None:
    for text in (repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!s:>40}", repr(Holder(SECRET)), repr([SECRET])):
        assert "ABCD" not in text
        assert BYTES.hex() not in text


@pytest.mark.parametrize("wrong", [b"", BYTES[:-1], BYTES + b"Q", "ABCDEFGHIJKLMNOP", bytearray(BYTES), None])
def test_only_sixteen_bytes_are_one_and_the_error_does_not_show_them(wrong: object) -> None:
    with pytest.raises(ValueError, match="16 bytes") as caught:
        RoomSecret(wrong)  # type: ignore[arg-type]
    assert "ABCD" not in "".join(traceback.format_exception(caught.value)).replace(__file__, "")


def test_it_is_not_pickled() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(Holder(SECRET), protocol)


def test_a_copy_is_the_secret_itself() -> None:
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy(Holder(SECRET)).room is SECRET
    assert dataclasses.asdict(Holder(SECRET)) == {"room": SECRET}


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_equal_secrets_are_equal_and_meet_in_one_room(one: bytes, other: bytes) -> None:
    assert (RoomSecret(one) == RoomSecret(other)) == (one == other)
    assert len({RoomSecret(one), RoomSecret(bytes(one))}) == 1
    assert RoomSecret(one).room_id() == topics.room_id(one)
    assert RoomSecret(one) != one


def test_a_new_room_is_made_of_the_randomness_it_is_given() -> None:
    assert RoomSecret.random(BYTES).reveal() == BYTES
    assert len(BYTES) == SECRET_BYTES
    with pytest.raises(ValueError, match="16 bytes"):
        RoomSecret.random(b"few")
