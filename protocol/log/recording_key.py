"""The secret by which a sealed session is read: one that everybody can derive who can enter its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.sealing import derive

if TYPE_CHECKING:
    from protocol.room_secret import RoomSecret

PURPOSE = b"session log"


def recording_secret(room: RoomSecret) -> bytes:
    """What a recording made in this room is sealed with: it opens recordings, and not the room."""
    return derive(room, PURPOSE)
