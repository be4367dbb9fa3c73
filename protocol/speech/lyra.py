"""Lyra V2 speech framed as Opus: its frames of 20 ms are packed as RFC 6716, section 3, packs those of Opus.

Everything between an encoder and a decoder (bundles, redundant copies, the jitter buffer) then takes Lyra as it takes
Opus; only a decoder asks which it is. A frame is Lyra's if

- its TOC is that of stereo fullband CELT of 20 ms, which a call of mono speech has no use for,
- and it holds 8, 15 or 23 bytes (3.2, 6.0 or 9.2 kbit/s), which are too few to be that.

Lyra is sent only to peers whose hello has `Carries.LYRA_IN`. A frame holds its quantizers'
indices, 4 bits each, the first and coarsest in the high bits of the first byte. Nothing is coded or decoded here.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocol.errors import PacketError
from protocol.speech import opus_packet

__all__ = ["FRAME_BYTES", "FRAME_MS", "MAX_FRAMES", "TOC", "build", "is_lyra", "pack", "parse", "unpack"]

# Configuration 31 with the stereo bit (RFC 6716, section 3.1).
TOC = 0xFC
FRAME_MS = 20
# As long as the longest Opus packet.
MAX_FRAMES = opus_packet.MAX_PACKET_MS // FRAME_MS
# By bitrate in bit/s: 16, 30 and 46 quantizers of 4 bits.
FRAME_BYTES = {3200: 8, 6000: 15, 9200: 23}

_SIZES = frozenset(FRAME_BYTES.values())
_INDEX_BITS = 4
_MAX_INDEX = (1 << _INDEX_BITS) - 1


def is_lyra(packet: bytes) -> bool:
    """Tell whether `parse` accepts the packet."""
    try:
        parse(packet)
    except PacketError:
        return False
    return True


def parse(packet: bytes) -> tuple[bytes, ...]:
    """Return the frames of a packet; raise `PacketError` if it is malformed, or holds Opus."""
    parsed = opus_packet.parse(packet)
    if parsed.toc != TOC or not {len(frame) for frame in parsed.frames} <= _SIZES:
        raise PacketError(f"an Opus packet of {len(packet)} bytes, not Lyra")
    return parsed.frames


def build(frames: Sequence[bytes]) -> bytes:
    """Return one packet of 1 to 6 frames; ValueError for any others."""
    if not 0 < len(frames) <= MAX_FRAMES or not {len(frame) for frame in frames} <= _SIZES:
        raise ValueError(f"a Lyra packet holds 1 to {MAX_FRAMES} frames of {sorted(_SIZES)} bytes")
    return opus_packet.join([bytes([TOC]) + frame for frame in frames])


def pack(indices: Sequence[int]) -> bytes:
    """Return one frame's bytes from its 16, 30 or 46 indices of 0 to 15; ValueError for any others."""
    if len(indices) % 2 or len(indices) * _INDEX_BITS // 8 not in _SIZES:
        raise ValueError(f"a Lyra frame has 16, 30 or 46 indices, not {len(indices)}")
    if not all(0 <= index <= _MAX_INDEX for index in indices):
        raise ValueError(f"a Lyra index is 0 to {_MAX_INDEX}")
    return bytes(high << _INDEX_BITS | low for high, low in zip(indices[::2], indices[1::2], strict=True))


def unpack(frame: bytes) -> list[int]:
    """Return the indices of one frame; any bytes are some."""
    return [index for byte in frame for index in (byte >> _INDEX_BITS, byte & _MAX_INDEX)]
