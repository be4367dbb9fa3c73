"""Lyra V2 speech in packets: frames of 20 ms behind two bytes that no Opus packet begins with.

    byte 0, 1   3, 0: to an Opus decoder a packet of code 3 with no frame, which RFC 6716 forbids (R5)
    then        1 to 6 frames of 8, 15 or 23 bytes (3.2, 6.0 or 9.2 kbit/s), all of one size

The length alone tells the size and the number of the frames. A frame holds its quantizers' indices, 4 bits each, the
first and coarsest in the high bits of the first byte. Nothing is coded or decoded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.errors import PacketError

__all__ = ["FRAME_BYTES", "FRAME_MS", "MARK", "MAX_FRAMES", "Packet", "is_lyra", "join", "pack", "parse", "unpack"]

MARK = b"\x03\x00"
FRAME_MS = 20.0
# 120 ms, as the longest Opus packet: with more, lengths would no longer tell frame sizes apart.
MAX_FRAMES = 6
# By bitrate in bit/s: 16, 30 and 46 quantizers of 4 bits.
FRAME_BYTES = {3200: 8, 6000: 15, 9200: 23}

_INDEX_BITS = 4
_MAX_INDEX = (1 << _INDEX_BITS) - 1
_SHAPES = {size * count: (size, count) for size in FRAME_BYTES.values() for count in range(1, MAX_FRAMES + 1)}


@dataclass(frozen=True, slots=True)
class Packet:
    """A Lyra packet in parts; it offers what `protocol.speech.opus.Packet` does."""

    frames: tuple[bytes, ...]

    @property
    def frame_ms(self) -> float:
        """Duration of one frame in ms."""
        return FRAME_MS

    @property
    def duration_ms(self) -> float:
        """Duration of the packet in ms: at most 120."""
        return FRAME_MS * len(self.frames)

    def singles(self) -> list[bytes]:
        """Return each frame as a packet of its own."""
        return [MARK + frame for frame in self.frames]


def is_lyra(packet: bytes) -> bool:
    """Tell a Lyra packet from an Opus packet."""
    return packet.startswith(MARK)


def parse(packet: bytes) -> Packet:
    """Take a packet apart; raise `PacketError` if it is none."""
    body = packet[len(MARK) :]
    shape = _SHAPES.get(len(body))
    if not is_lyra(packet) or shape is None:
        raise PacketError(f"no Lyra packet: {len(packet)} bytes")
    size, count = shape
    return Packet(tuple(body[index * size : (index + 1) * size] for index in range(count)))


def join(packets: Sequence[bytes]) -> bytes:
    """Put packets of the same bitrate into one; raise `PacketError` if they differ, or last over 120 ms."""
    frames = [frame for packet in packets for frame in parse(packet).frames]
    if not frames or len(frames) > MAX_FRAMES or len({len(frame) for frame in frames}) > 1:
        raise PacketError(f"{len(frames)} Lyra frames that cannot share one packet")
    return MARK + b"".join(frames)


def pack(indices: Sequence[int]) -> bytes:
    """Return one frame's bytes from its 16, 30 or 46 indices of 0 to 15; ValueError for any others."""
    if len(indices) * _INDEX_BITS // 8 not in FRAME_BYTES.values() or len(indices) % 2:
        raise ValueError(f"a Lyra frame has 16, 30 or 46 indices, not {len(indices)}")
    if not all(0 <= index <= _MAX_INDEX for index in indices):
        raise ValueError(f"a Lyra index is 0 to {_MAX_INDEX}")
    return bytes(high << _INDEX_BITS | low for high, low in zip(indices[::2], indices[1::2], strict=True))


def unpack(frame: bytes) -> list[int]:
    """Return the indices of one frame; any bytes are some."""
    return [index for byte in frame for index in (byte >> _INDEX_BITS, byte & _MAX_INDEX)]
