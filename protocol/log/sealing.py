"""The messages of a sealed log: blocks of the others, encrypted one by one with a key that the room's members derive.

A file has a random salt, and from it and a secret comes its key: HKDF-SHA256 (RFC 5869). A block is a list of
messages, compressed (zlib) and encrypted with AES-128-GCM under its number as the nonce:

    salt (16) | number (4) | last (1) | ciphertext and tag

What precedes the ciphertext is authenticated with it: blocks cannot be exchanged, and a log that was cut off where a
block ends has no last one. As every file has a salt of its own, no nonce is ever used twice.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import msgpack

from protocol import envelope
from protocol.errors import LogError
from protocol.log.coding import MAX_MESSAGE_BYTES, Message
from protocol.room_secret import RoomSecret

__all__ = ["SALT_BYTES", "BlockCipher", "recording_secret", "salt_of"]

SALT_BYTES = 16
_KEY_BYTES = 16
_NONCE_BYTES = 12
_CHECK_BYTES = 8
_HEAD = struct.Struct(">16sI?")
_LABEL = b"pictophone session log 1"
_PURPOSE = b"session log"


def recording_secret(room: RoomSecret) -> bytes:
    """Return what a recording made in this room is sealed with: it opens recordings, and not the room."""
    # Imported here, as below: cryptography, which a log that is not sealed never needs.
    from protocol.sealing import derive

    return derive(room, _PURPOSE)


class BlockCipher:
    """Seals and opens the blocks of one file. `check` distinguishes a wrong secret from the right one, no more."""

    def __init__(self, secret: bytes, salt: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if not secret or len(salt) != SALT_BYTES:
            raise ValueError("no secret, or a salt of another length")
        derived = HKDF(SHA256(), _KEY_BYTES + _CHECK_BYTES, salt, _LABEL).derive(secret)
        self._salt, self._aead = salt, AESGCM(derived[:_KEY_BYTES])
        self.check = derived[_KEY_BYTES:]

    def seal(self, number: int, messages: Sequence[Message], last: bool = False) -> bytes:
        """Return block `number`. Every number is used once."""
        plain = msgpack.packb([[message.channel, message.at_us, message.data] for message in messages])
        head = _HEAD.pack(self._salt, number, last)
        return head + self._aead.encrypt(_nonce(number), zlib.compress(plain), head)

    def open(self, block: bytes) -> tuple[int, bool, list[Message]]:
        """Return a block's number, whether it is the last, and its messages. LogError if it does not open."""
        from cryptography.exceptions import InvalidTag

        head, sealed = block[: _HEAD.size], block[_HEAD.size :]
        try:
            salt, number, last = _HEAD.unpack(head)
            if salt != self._salt:
                raise LogError("a sealed block of another file")
            return number, last, _messages(self._aead.decrypt(_nonce(number), sealed, head))
        except (InvalidTag, struct.error, ValueError, TypeError, zlib.error, msgpack.UnpackException):
            raise LogError("a sealed block that does not open: damaged, or of another room") from None


def salt_of(block: bytes) -> bytes:
    """Return the salt that a block begins with; LogError if it is none."""
    if len(block) < _HEAD.size:
        raise LogError("a sealed block that is too short")
    return block[:SALT_BYTES]


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES)


def _messages(compressed: bytes) -> list[Message]:
    plain = zlib.decompressobj().decompress(compressed, MAX_MESSAGE_BYTES)
    return [
        Message(
            envelope.bounded_int("channel", channel, 16),
            envelope.bounded_int("time", at_us, 62),
            envelope.bounded_bytes("message", data, MAX_MESSAGE_BYTES),
        )
        for channel, at_us, data in msgpack.unpackb(plain, max_map_len=0, max_ext_len=0)
    ]
