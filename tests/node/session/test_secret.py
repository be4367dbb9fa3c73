"""The secret that opens a sealed session is the room's."""

from __future__ import annotations

from node.session.secret import room_secret


def test_each_room_has_its_own() -> None:
    assert room_secret("the garden") == room_secret("the garden")
    assert room_secret("the garden") != room_secret("the kitchen")
    assert isinstance(room_secret("ü"), bytes)
