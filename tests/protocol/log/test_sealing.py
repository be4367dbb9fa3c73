"""Blocks of a sealed log open with the room's secret, whole and in their place, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import LogError
from protocol.log import Message
from protocol.log.sealing import SALT_BYTES, BlockCipher, recording_secret, salt_of
from protocol.room_secret import RoomSecret

SECRET, SALT = b"the room's secret", bytes(range(SALT_BYTES))
MESSAGES = [Message(3, 5, b"a cat"), Message(2, 1_000_000, b"\x91" * 50)]


GOLDEN = (
    "000102030405060708090a0b0c0d0e0f0000000100bedc5c7dec7d7d569e5e02ba6e6c0be77e2a22537ff5a6c2862249aa8ab476b28b54ff"
)


@pytest.fixture
def cipher() -> BlockCipher:
    return BlockCipher(SECRET, SALT)


def test_a_block_opens(cipher: BlockCipher) -> None:
    block = cipher.seal(7, MESSAGES, last=True)
    assert salt_of(block) == SALT
    assert BlockCipher(SECRET, SALT).open(block) == (7, True, MESSAGES)
    assert b"a cat" not in block


def test_blocks_never_look_alike(cipher: BlockCipher) -> None:
    assert cipher.seal(0, MESSAGES)[21:] != cipher.seal(1, MESSAGES)[21:]
    assert BlockCipher(SECRET, bytes(SALT_BYTES)).seal(0, MESSAGES)[21:] != cipher.seal(0, MESSAGES)[21:]


def test_a_golden_block() -> None:
    """Files of today must open tomorrow: key, nonce and what is authenticated stay."""
    block = bytes.fromhex(GOLDEN)
    assert BlockCipher(SECRET, SALT).open(block) == (1, False, [Message(3, 5, b"a cat")])
    assert BlockCipher(SECRET, SALT).check.hex() == "cda72881ca085122"


@given(st.integers(0, 119), st.integers(1, 255))
def test_a_block_with_any_byte_changed_does_not_open(place: int, change: int) -> None:
    cipher = BlockCipher(SECRET, SALT)
    block = bytearray(cipher.seal(3, MESSAGES))
    block[place % len(block)] ^= change
    with pytest.raises(LogError):
        cipher.open(bytes(block))


@given(st.binary(max_size=200))
def test_any_bytes_are_one_error(data: bytes) -> None:
    with pytest.raises(LogError):
        BlockCipher(SECRET, SALT).open(data)


def test_another_room_does_not_open_it(cipher: BlockCipher) -> None:
    other = BlockCipher(b"another room's secret", SALT)
    assert other.check != cipher.check
    with pytest.raises(LogError, match="damaged, or of another room"):
        other.open(cipher.seal(0, MESSAGES))


def test_a_block_of_another_file(cipher: BlockCipher) -> None:
    with pytest.raises(LogError, match="another file"):
        BlockCipher(SECRET, bytes(SALT_BYTES)).open(cipher.seal(0, MESSAGES))


def test_a_block_too_short_to_have_a_salt() -> None:
    with pytest.raises(LogError, match="too short"):
        salt_of(b"short")


@pytest.mark.parametrize(("secret", "salt"), [(b"", SALT), (SECRET, b"short")])
def test_no_secret_and_no_salt(secret: bytes, salt: bytes) -> None:
    with pytest.raises(ValueError, match="no secret"):
        BlockCipher(secret, salt)


def test_each_room_has_its_own_secret() -> None:
    garden, kitchen = RoomSecret(bytes(16)), RoomSecret(bytes(15) + b"k")
    assert recording_secret(garden) == recording_secret(RoomSecret(bytes(16)))
    assert recording_secret(garden) != recording_secret(kitchen)


def test_it_does_not_hold_the_rooms_own() -> None:
    garden = RoomSecret(b"g" * 16)
    assert garden.reveal() not in recording_secret(garden)
