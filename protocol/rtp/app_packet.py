"""Words between the programs of two peers in RTCP packets of the application's own (RFC 3550, section 6.7).

    header (4), source (4), name "pcto" (4), length (1), words, zeros up to a multiple of four

A program that knows no such packet, or not this name, passes it over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["MAX_WORDS_BYTES", "pack", "parse"]

APPLICATION = 204
NAME = b"pcto"
MAX_WORDS_BYTES = 255

_HEADER = struct.Struct(">BBH")
_HEAD = struct.Struct(">BBHI4sB")
_VERSION = 2 << 6
_PADDED = 1 << 5
_WORD = 4


def pack(source: int, words: bytes) -> bytes:
    """Return one packet of the sender with this SSRC. Raises ValueError for words that are too long."""
    if len(words) > MAX_WORDS_BYTES:
        raise ValueError(f"{len(words)} bytes are more than a packet of the application's takes")
    size = -(-(_HEAD.size + len(words)) // _WORD) * _WORD
    head = _HEAD.pack(_VERSION, APPLICATION, size // _WORD - 1, source, NAME, len(words))
    return (head + words).ljust(size, b"\0")


def parse(data: bytes) -> Iterator[bytes]:
    """Yield the words of all such packets in a compound; of one that is broken, or of others, nothing."""
    at = 0
    while at + _HEADER.size <= len(data):
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + (words + 1) * _WORD
        if first >> 6 != _VERSION >> 6 or end > len(data):
            return
        if kind == APPLICATION and not first & _PADDED and end - at > _HEAD.size:
            *_, name, length = _HEAD.unpack_from(data, at)
            begin = at + _HEAD.size
            if name == NAME and begin + length <= end:
                yield data[begin : begin + length]
        at = end
