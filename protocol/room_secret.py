"""The secret of a room: 128 bits that the members of the room share.

With it one can enter, read and speak. Everything else of the room comes from it: the room's part of the topics
(`room_id`) and every key (`protocol.sealing`). What makes secrets (links, passphrases, storage) is the node's affair.
"""

from __future__ import annotations

import hmac
from typing import Any, Final, final

from protocol import topics

__all__ = ["SECRET_BYTES", "RoomSecret"]

# 128 bits: no search finds them, and 26 letters spell them.
SECRET_BYTES: Final = 16


@final
class RoomSecret:
    """Sixteen secret bytes that do not show themselves.

    `repr`, `str`, `format` and tracebacks reveal nothing of them, and `pickle` is refused: `reveal()` is their only way
    out of this object. Equal secrets are equal and hash alike.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Raise `ValueError`, which does not show the bytes, unless there are exactly `SECRET_BYTES` of them."""
        if type(secret) is not bytes or len(secret) != SECRET_BYTES:
            raise ValueError(f"a room secret is {SECRET_BYTES} bytes")
        self._secret = secret

    @classmethod
    def random(cls, randomness: bytes) -> RoomSecret:
        """Return the secret of a new room, made of `SECRET_BYTES` bytes from the system's random source."""
        return cls(randomness)

    def room_id(self) -> str:
        """Return the room's part of the topics, which does not reveal the secret."""
        return topics.room_id(self._secret)

    def reveal(self) -> bytes:
        """Return the bytes: for a key derivation, or for what the user asked to keep or to share."""
        return self._secret

    def __repr__(self) -> str:
        return "<RoomSecret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RoomSecret) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._secret)

    def __copy__(self) -> RoomSecret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> RoomSecret:
        return self

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("a room secret is not pickled")
