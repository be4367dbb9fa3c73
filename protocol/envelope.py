"""The form of every message that goes through MQTT: a msgpack array that begins with version and kind.

The first element is `VERSION << 4 | kind`, so that in version 0 it is the kind itself, one byte. Fields
follow in order. Trailing fields may be missing and unknown trailing fields are ignored, so that old and new
nodes talk. Maps and extension types are never used and never accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from protocol.errors import VersionError

__all__ = [
    "VERSION",
    "bounded_bytes",
    "bounded_int",
    "bounded_text",
    "lengthen",
    "pack",
    "pack_short",
    "shorten",
    "unpack",
]

VERSION = 0

# Twice the fields of the longest message of today: room for the fields of tomorrow, none for an attack.
MAX_FIELDS = 16
_KIND_BITS = 4
# The header of a msgpack array of n < 16 elements is this plus n.
_FIXARRAY = 0x90


def pack(kind: int, fields: Sequence[object]) -> bytes:
    """Return the bytes of one message of this version."""
    return bytes(msgpack.packb([VERSION << _KIND_BITS | kind, *fields]))


def pack_short(kind: int, fields: Sequence[object]) -> bytes:
    """Return the bytes of one message whose byte strings are written as `str` is: its header is a byte shorter."""
    return bytes(msgpack.packb([VERSION << _KIND_BITS | kind, *fields], use_bin_type=False))


def shorten(message: bytes) -> bytes:
    """Return `message` with its array header and first element in one byte, as both are less than 16 in version 0.

    A message of which that is not true is put behind a zero.
    """
    if len(message) >= 2 and _FIXARRAY < message[0] < _FIXARRAY + 16 and message[1] < 16:
        return bytes(((message[0] - _FIXARRAY) << 4 | message[1],)) + message[2:]
    return b"\0" + message


def lengthen(short: bytes) -> bytes:
    """Return the message that `shorten` made `short` of. Any bytes give some."""
    if short and short[0] >= 16:
        return bytes((_FIXARRAY + (short[0] >> 4), short[0] & 15)) + short[1:]
    return short[1:]


def unpack(data: bytes, max_bytes: int, raw: bool = False) -> tuple[int, list[Any]]:
    """Return kind and fields of one message of at most `max_bytes`; with `raw`, text comes as bytes.

    Raises `ValueError` when the bytes are no message, and `VersionError` when a newer version wrote them.
    """
    if len(data) > max_bytes:
        raise ValueError(f"{len(data)} bytes, more than {max_bytes}")
    message = msgpack.unpackb(data, max_array_len=MAX_FIELDS, max_map_len=0, max_ext_len=0, raw=raw)
    if not isinstance(message, list) or not message:
        raise ValueError("not an array")
    head = bounded_int("kind", message[0], bits=32)
    if head >> _KIND_BITS > VERSION:
        raise VersionError(head >> _KIND_BITS)
    return head & (1 << _KIND_BITS) - 1, message[1:]


def bounded_int(name: str, value: object, bits: int) -> int:
    """Return `value` if it is an unsigned integer (no bool) of at most `bits`, else raise `ValueError`."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise ValueError(f"{name} is no unsigned integer of {bits} bits")
    return value


def bounded_bytes(name: str, value: object, max_bytes: int) -> bytes:
    """Return `value` if it is at most `max_bytes` bytes; else raise `ValueError`."""
    if type(value) is not bytes or len(value) > max_bytes:
        raise ValueError(f"{name} is no byte string of at most {max_bytes} bytes")
    return value


def bounded_text(name: str, value: object, max_bytes: int) -> str:
    """Return `value` if it is text of at most `max_bytes` of UTF-8; else raise `ValueError`."""
    if type(value) is not str or len(value.encode()) > max_bytes:
        raise ValueError(f"{name} is no text of at most {max_bytes} bytes")
    return value
