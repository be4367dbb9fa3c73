"""Redundant copies of earlier packets beside the newest one, in one RTP payload: RED (RFC 2198).

A payload is a list of block headers, the blocks of the copies, and the newest packet, which comes last:

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |1| block type  |      timestamp offset     |   block length    |   four bytes for each copy, oldest first
    |0| block type  |                                                   one byte for the newest packet

A copy of the packet before costs its own bytes and five more. A payload without copies is sent as plain Opus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.errors import PacketError

__all__ = ["MAX_BLOCK_BYTES", "MAX_COPIES", "MAX_OFFSET", "Copy", "fits", "pack", "parse"]

# Section 3: 14 bits of timestamp offset (341 ms at 48 kHz) and 10 bits of length.
MAX_OFFSET = (1 << 14) - 1
MAX_BLOCK_BYTES = (1 << 10) - 1
# Chromium sends one and takes up to 32; a longer list is an attempt to keep the receiver busy.
MAX_COPIES = 32

_MORE = 0x80
_TYPE_MASK = 0x7F
_COPY_HEADER = 4


@dataclass(frozen=True, slots=True)
class Copy:
    """A packet that was sent before: its Opus bytes, and by how much its timestamp is earlier (48 kHz samples)."""

    offset: int
    payload: bytes


def fits(copy: Copy) -> bool:
    """Tell whether a block header can describe this copy."""
    return 0 < copy.offset <= MAX_OFFSET and 0 < len(copy.payload) <= MAX_BLOCK_BYTES


def pack(packet: bytes, copies: Iterable[Copy], block_type: int) -> bytes:
    """Return the payload that carries `packet` and `copies`, all of RTP payload type `block_type`.

    Copies that do not fit are left out. ValueError if there are more than `MAX_COPIES`.
    """
    fitting = sorted(filter(fits, copies), key=lambda copy: copy.offset, reverse=True)
    if len(fitting) > MAX_COPIES:
        raise ValueError(f"{len(fitting)} copies in one payload, more than {MAX_COPIES}")
    headers = b"".join(_header(copy, block_type) for copy in fitting)
    return headers + bytes([block_type]) + b"".join(copy.payload for copy in fitting) + packet


def parse(payload: bytes, block_type: int) -> tuple[bytes, tuple[Copy, ...]]:
    """Return the newest packet and the copies of RTP payload type `block_type`, oldest first.

    Copies of other types, without an offset or without a byte are skipped. Raises `PacketError` if the payload breaks
    RFC 2198 or its newest packet is of another type.
    """
    headers, newest_type, body = _split(payload)
    if newest_type != block_type:
        raise PacketError(f"a RED payload of type {newest_type}, not {block_type}")
    copies = []
    for kind, offset, length in headers:
        copy, body = Copy(offset, body[:length]), body[length:]
        if kind == block_type and fits(copy):
            copies.append(copy)
    return body, tuple(copies)


def _header(copy: Copy, block_type: int) -> bytes:
    word = (_MORE | block_type) << 24 | copy.offset << 10 | len(copy.payload)
    return word.to_bytes(_COPY_HEADER)


def _split(payload: bytes) -> tuple[list[tuple[int, int, int]], int, bytes]:
    """Return (type, offset, length) of each copy, the newest packet's type, and all blocks."""
    headers, at = [], 0
    while at < len(payload) and payload[at] & _MORE:
        word = int.from_bytes(payload[at : at + _COPY_HEADER])
        headers.append((word >> 24 & _TYPE_MASK, word >> 10 & MAX_OFFSET, word & MAX_BLOCK_BYTES))
        at += _COPY_HEADER
    if at >= len(payload):
        raise PacketError("a RED payload that ends inside its block headers")
    if len(headers) > MAX_COPIES:
        raise PacketError(f"a RED payload of {len(headers)} copies, more than {MAX_COPIES}")
    body = payload[at + 1 :]
    if sum(length for _, _, length in headers) > len(body):
        raise PacketError("a RED block longer than its payload")
    return headers, payload[at], body
