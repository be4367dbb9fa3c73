"""The secret by which a sealed session is read: its room's."""

from __future__ import annotations


def room_secret(room: str) -> bytes:
    """The secret that everybody has who can enter this room."""
    return room.encode()
