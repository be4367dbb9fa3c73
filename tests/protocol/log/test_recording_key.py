"""The secret that opens a sealed session is derived from its room's."""

from __future__ import annotations

from protocol.log.recording_key import recording_secret
from protocol.room_secret import RoomSecret


def test_each_room_has_its_own() -> None:
    garden, kitchen = RoomSecret(bytes(16)), RoomSecret(bytes(15) + b"k")
    assert recording_secret(garden) == recording_secret(RoomSecret(bytes(16)))
    assert recording_secret(garden) != recording_secret(kitchen)


def test_it_does_not_tell_the_rooms_own() -> None:
    garden = RoomSecret(b"g" * 16)
    assert garden.reveal() not in recording_secret(garden)
